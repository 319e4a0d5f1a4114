"""Signing in, with a password or by a provider of single sign-on."""
