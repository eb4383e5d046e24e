from flask import Flask

app = Flask(__name__)
print("the app is loaded", flush=True)  # by each worker, which hears signals by then


@app.route("/")
def root():
    return "ok\n"
