"""A script that starts its server by itself, on the port it is given."""

import sys

import uvicorn

from app import app

if __name__ == "__main__":
    uvicorn.run(app, port=int(sys.argv[1]), access_log=False)
