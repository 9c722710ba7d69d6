"""A file to try fimble with: open it in your editor, go to the end of an unfinished line, and type."""

import sys


class Point:
    def __init__(self, x, y):
        self.x = x
        self.y = 


def main(arguments):
    for argument in arguments:
        print(argument)


if __name__ == 
