"""What is known about a business on a day: feature definitions as Ibis expressions, one definition for batch and online."""
