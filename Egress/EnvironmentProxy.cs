using RegistryProxy.Protocol;

namespace RegistryProxy.Egress;

/// <summary>
/// <c>HTTPS_PROXY</c> and <c>NO_PROXY</c>, or the same in lower case: what counts where the configuration names no proxy.
/// </summary>
public sealed record EnvironmentProxy(ProxySettings? Settings, string? Problem)
{
    private const string Name = "HTTPS_PROXY";

    /// <summary>That of this process.</summary>
    public static EnvironmentProxy Current { get; } = Read(Environment.GetEnvironmentVariable);

    /// <summary>Reads it; what is no address of a proxy is a problem, which never holds the password.</summary>
    public static EnvironmentProxy Read(Func<string, string?> variable)
    {
        if (Either(variable, Name) is not { } text)
        {
            return new(null, null);
        }

        var address = text.Contains("://", StringComparison.Ordinal) ? text : $"http://{text}";
        if (!Uri.TryCreate(address, UriKind.Absolute, out var uri) || uri.Scheme is not ("http" or "https")
            || !HttpOrigin.TryGetHost(uri, out _))
        {
            return new(null, "it must be http://HOST:PORT, with USER:PASSWORD@ before the host if the proxy requires them");
        }

        var user = uri.UserInfo.Split(':', 2);
        return new(
            new ProxySettings(new Uri(uri.GetComponents(UriComponents.SchemeAndServer, UriFormat.UriEscaped)), Name)
            {
                Username = uri.UserInfo.Length == 0 ? null : Uri.UnescapeDataString(user[0]),
                Password = user.Length == 2 ? new Secret(Uri.UnescapeDataString(user[1])) : null,
                Except = NoProxyList.Of(
                    (Either(variable, "NO_PROXY") ?? "").Split(
                        [',', ' '], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)),
            },
            null);
    }

    private static string? Either(Func<string, string?> variable, string name) =>
        variable(name) is { Length: > 0 } upper ? upper.Trim()
            : variable(name.ToLowerInvariant()) is { Length: > 0 } lower ? lower.Trim() : null;
}
