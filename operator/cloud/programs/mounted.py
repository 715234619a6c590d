def mounted(application, prefix):
    """The application below a path, too, as its clients find it at a Cloud's edge: the addresses in its answers are below it then."""

    def below(environ, start_response):
        path = environ.get("PATH_INFO", "")
        if path == prefix or path.startswith(f"{prefix}/"):
            environ["SCRIPT_NAME"] = environ.get("SCRIPT_NAME", "") + prefix
            environ["PATH_INFO"] = path[len(prefix) :] or "/"
        return application(environ, start_response)

    return below
