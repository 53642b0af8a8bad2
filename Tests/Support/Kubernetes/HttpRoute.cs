using k8s;
using k8s.Models;

namespace RegistryProxy.Tests.Support.Kubernetes;

/// <summary>A route of the Gateway API (gateway.networking.k8s.io/v1), as far as the chart uses it.</summary>
internal sealed class HttpRoute : IKubernetesObject<V1ObjectMeta>
{
    public string ApiVersion { get; set; } = "";

    public string Kind { get; set; } = "";

    public V1ObjectMeta Metadata { get; set; } = new();

    public HttpRouteSpec Spec { get; set; } = new();
}

internal sealed class HttpRouteSpec
{
    public List<HttpRouteReference> ParentRefs { get; set; } = [];

    public List<string> Hostnames { get; set; } = [];

    public List<HttpRouteRule> Rules { get; set; } = [];
}

internal sealed class HttpRouteRule
{
    public HttpRouteTimeouts Timeouts { get; set; } = new();

    public List<HttpRouteReference> BackendRefs { get; set; } = [];
}

internal sealed class HttpRouteTimeouts
{
    public string Request { get; set; } = "";
}

internal sealed class HttpRouteReference
{
    public string Name { get; set; } = "";

    public string? Namespace { get; set; }

    public int? Port { get; set; }
}
