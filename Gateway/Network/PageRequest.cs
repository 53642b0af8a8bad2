namespace RegistryProxy.Gateway.Network;

/// <summary>Who opens a page: everybody else gets JSON.</summary>
internal static class PageRequest
{
    /// <summary>Whether a request is a browser's that opens an address, as its <c>Accept</c> says.</summary>
    public static bool IsBy(HttpRequest request) =>
        request.Headers.Accept.ToString().Contains("text/html", StringComparison.OrdinalIgnoreCase);
}
