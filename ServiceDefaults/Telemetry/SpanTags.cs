namespace RegistryProxy.ServiceDefaults.Telemetry;

/// <summary>What spans say of our own.</summary>
public static class SpanTags
{
    /// <summary>The tenant whose request it is.</summary>
    public const string Tenant = "registryproxy.tenant";

    /// <summary>The upstream that it is about.</summary>
    public const string Upstream = "registryproxy.upstream";

    /// <summary>What the client was told as <c>X-Request-Id</c>.</summary>
    public const string RequestId = "registryproxy.request_id";
}
