namespace RegistryProxy.Protocol;

/// <summary>An address as it may be logged: scheme, host and port. Paths and queries can carry signatures.</summary>
public static class RedactedUri
{
    public static string Of(Uri uri) =>
        uri.IsAbsoluteUri ? uri.GetComponents(UriComponents.SchemeAndServer, UriFormat.UriEscaped) : "(relative)";
}
