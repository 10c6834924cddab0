"""The functions' code of the application that the end-to-end tests deploy."""
