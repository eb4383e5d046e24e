# Has a port without listening on it, and shares it with nobody.
import signal
import socket
import sys

holder = socket.socket(socket.AF_INET6)
holder.bind(("::", int(sys.argv[1])))
print("bound", flush=True)
signal.pause()
