"""What is in a folder of labelled images, as numbers, pictures and a page."""
