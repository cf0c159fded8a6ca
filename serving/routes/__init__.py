"""The API's routes, one module per concern; included by `serving.app`."""
