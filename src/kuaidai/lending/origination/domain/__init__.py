"""What origination knows without a database: states, terms, and the views it hands out."""
