"""Units as devices of Home Assistant, over MQTT: what it may see, and the two things it may ask for. Off unless a site says otherwise."""
