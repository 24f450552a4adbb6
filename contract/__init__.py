"""The MQTT contract, version 1, as code: what a unit and the centre say to each other. Pure; imports nothing else of ours."""
