"""The demo county: a whole county invented by the project, equal from run to run."""

from geodata.demo.accounts import DemoAccount, write_accounts
from geodata.demo.frame import compound_frame
from geodata.demo.loading import load, remove

__all__ = ["DemoAccount", "compound_frame", "load", "remove", "write_accounts"]
