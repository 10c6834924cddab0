"""Reminds a thousand users a day of what they have to do, through a mailer in another region."""
