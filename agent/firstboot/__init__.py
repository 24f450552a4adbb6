"""What an installer lays on a partition that any office computer can write, taken over at the start: configuration, enrolment, network.

A file that is wrong changes nothing and is said in both languages; a power cut at any moment leaves a unit that goes on at the next start.
It runs before the agent, as root, and never beside it.
"""
