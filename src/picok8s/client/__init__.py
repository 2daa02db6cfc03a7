"""The calls of the API, in process or over HTTPS, and the view that list-and-watch keeps."""
