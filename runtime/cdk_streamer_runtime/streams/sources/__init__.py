"""What Lambda hands over of each service, as units of work; each with its twin for tests."""
