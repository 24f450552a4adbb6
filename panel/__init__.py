"""What an office or an installer makes for a panel before it hangs in a house: pictures, fonts, the files of its memory card. Never on a box."""
