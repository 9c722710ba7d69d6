"""The model and its files: the Llama network, the export to fimble's formats, and the transfer of large files."""
