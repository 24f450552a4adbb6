"""The files of a DWIN panel (T5L, DGUS II): one module a kind of file. All integers in them are big-endian unless said."""
