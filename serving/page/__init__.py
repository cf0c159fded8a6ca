"""The page for people at `/`: what it is made of. `serving.routes.ask_page` and `review_page` answer its requests."""
