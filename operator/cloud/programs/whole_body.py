TAKEN_IN_AT_MOST = 1024 * 1024


def whole_body(application):
    """Takes in what the application left of a request's body, up to a size, before it answers.

    uWSGI hangs up on a request that was not read whole: a proxy that is still sending then loses the answer, a 413 most of all.
    """

    def whole(environ, start_response):
        # What a middleware puts in its place may count, and refuse to be read on.
        body = environ["wsgi.input"]
        answer = application(environ, start_response)
        left = TAKEN_IN_AT_MOST if environ.get("CONTENT_LENGTH") else 0
        while left > 0:
            chunk = body.read(min(left, 65536))
            if not chunk:
                break
            left -= len(chunk)
        return answer

    return whole
