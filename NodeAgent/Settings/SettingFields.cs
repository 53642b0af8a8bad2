using RegistryProxy.Files.Yaml;
using RegistryProxy.Protocol;

namespace RegistryProxy.NodeAgent.Settings;

/// <summary>Reading of single values of the agent: addresses, paths, sockets, words.</summary>
internal static class SettingFields
{
    /// <summary>An address of scheme and authority alone. Only https, or http on loopback, since credentials go there.</summary>
    public static Uri? SafeOrigin(this Field value)
    {
        if (value.Origin() is not { } origin)
        {
            return null;
        }

        if (origin.Scheme == "https" || origin.IsLoopback)
        {
            return origin;
        }

        value.Fail($"'{HttpOrigin.Of(origin).Authority}' must be https: credentials go there (http is for loopback alone)");
        return null;
    }

    /// <summary>An http address on loopback, to listen on.</summary>
    public static Uri? LoopbackListener(this Field value)
    {
        var origin = value.Origin();
        if (origin is null or { Scheme: "http", IsLoopback: true })
        {
            return origin;
        }

        value.Fail("must be http on loopback, such as http://127.0.0.1:5005");
        return null;
    }

    /// <summary>The path of <c>unix:///path</c>.</summary>
    public static string? UnixSocket(this Field value)
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
    public static string? FilePath(this Field value) =>
        value.Text() is { } text ? Path.Combine(Path.GetDirectoryName(Path.GetFullPath(value.Errors.File)) ?? "/", text) : null;

    /// <summary>One of a few words.</summary>
    public static string OneOf(this Field value, string? otherwise, params ReadOnlySpan<string> words)
    {
        var text = otherwise is null ? value.RequiredText() : value.Text() ?? otherwise;
        if (!words.Contains(text) && value.IsPresent)
        {
            value.Fail($"'{text}' must be one of {string.Join(", ", words)}");
        }

        return text;
    }

    /// <summary>A host with or without a port, as an image name begins with it.</summary>
    public static string? Host(this Field value)
    {
        var text = value.RequiredText();
        if (text.Length > 0 && !text.Contains('/') && Uri.TryCreate($"https://{text.Replace('*', 'x')}", UriKind.Absolute, out _))
        {
            return text;
        }

        value.Fail($"'{text}' must be a host, with its port if it has one");
        return null;
    }
}
