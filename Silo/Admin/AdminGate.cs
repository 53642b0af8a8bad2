using System.Net;
using RegistryProxy.Configuration;
using RegistryProxy.Protocol;

namespace RegistryProxy.Silo.Admin;

/// <summary>
/// Who may use the admin listener. On loopback: whoever is on this machine, but no web page of another site (Host and Origin must be
/// loopback). Elsewhere: who has the admin token.
/// </summary>
internal sealed class AdminGate(IConfigurationFeed configuration, bool isLoopback)
{
    /// <summary><c>null</c> when the request may go on; else the status and why.</summary>
    public (int Status, string Message)? Refuse(HttpRequest request)
    {
        if (isLoopback && (!IsLoopback(request.Host.Host) || !IsOwnOrigin(request)))
        {
            return (StatusCodes.Status403Forbidden, "on loopback the admin listener answers to localhost alone");
        }

        if (isLoopback && configuration.Current.Configuration.Admin.Token is null)
        {
            return null;
        }

        return HasToken(request)
            ? null
            : (StatusCodes.Status401Unauthorized, "the admin listener needs Authorization: Bearer with the token of admin.token");
    }

    private bool HasToken(HttpRequest request)
    {
        var header = request.Headers.Authorization;
        if (header.Count != 1 || header[0] is not { } value || !value.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase))
        {
            return false;
        }

        try
        {
            return configuration.Current.Configuration.Admin.Token?.Read() is { } token
                && !token.IsEmpty() && token.Equals(new Secret(value[7..].Trim()));
        }
        catch (SecretUnavailableException)
        {
            return false;
        }
    }

    private static bool IsOwnOrigin(HttpRequest request) =>
        request.Headers.Origin.ToString() is var origin
        && (origin.Length == 0 || origin == $"{request.Scheme}://{request.Host.Value}");

    private static bool IsLoopback(string host) =>
        host.Equals("localhost", StringComparison.OrdinalIgnoreCase)
        || (IPAddress.TryParse(host.Trim('[', ']'), out var address) && IPAddress.IsLoopback(address));
}
