"""The files of a DWIN panel's project (the folder `DWIN_SET`) as the panel takes them: read, written again, drawn. No vendor code.

It shares no code with what makes such files: a fault there is not repeated here.
"""
