"""What each analysis found, in sentences: a file here for each, whose function `find` speaks or stays silent."""
