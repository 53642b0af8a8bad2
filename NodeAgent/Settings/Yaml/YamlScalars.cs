namespace RegistryProxy.NodeAgent.Settings.Yaml;

/// <summary>Reading of single values: addresses, paths, sockets.</summary>
internal static class YamlScalars
{
    /// <summary>An address of scheme and authority alone. Only https, or http on loopback, since credentials go there.</summary>
    public static Uri? SafeOrigin(this YamlValue value)
    {
        if (value.Origin() is not { } origin)
        {
            return null;
        }

        if (origin.Scheme == "https" || origin.IsLoopback)
        {
            return origin;
        }

        value.Fail($"'{origin.Authority}' must be https: credentials go there (http is for loopback alone)");
        return null;
    }

    /// <summary>An http address on loopback, to listen on.</summary>
    public static Uri? LoopbackListener(this YamlValue value)
    {
        var origin = value.Origin();
        if (origin is null or { Scheme: "http", IsLoopback: true })
        {
            return origin;
        }

        value.Fail("must be http on loopback, such as http://127.0.0.1:5005");
        return null;
    }

    /// <summary>An absolute http or https address with nothing behind its authority; <c>null</c> when absent.</summary>
    public static Uri? Origin(this YamlValue value)
    {
        if (value.Text() is not { } text)
        {
            return null;
        }

        if (Uri.TryCreate(text, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https" && uri.UserInfo.Length == 0
            && uri.PathAndQuery == "/" && uri.Fragment.Length == 0)
        {
            return uri;
        }

        value.Fail($"'{text}' must be http:// or https:// with a host and nothing behind it");
        return null;
    }

    /// <summary>The path of <c>unix:///path</c>.</summary>
    public static string? UnixSocket(this YamlValue value)
    {
        if (value.Text() is not { } text)
        {
            return null;
        }

        if (text.StartsWith("unix:///", StringComparison.Ordinal) && text.Length > "unix:///".Length)
        {
            return text["unix://".Length..];
        }

        value.Fail($"'{text}' must be unix:///path/of/a.sock");
        return null;
    }

    /// <summary>A path; a relative one begins at the folder of the file.</summary>
    public static string? FilePath(this YamlValue value) => value.Text() is { } text ? Path.Combine(value.Folder, text) : null;

    /// <summary>A host with or without a port, as an image name begins with it.</summary>
    public static string? Host(this YamlValue value)
    {
        var text = value.RequiredText();
        if (text.Length > 0 && !text.Contains('/') && Uri.TryCreate($"https://{text.Replace('*', 'x')}", UriKind.Absolute, out _))
        {
            return text;
        }

        value.Fail($"'{text}' must be a host, with its port where it has one");
        return null;
    }
}
