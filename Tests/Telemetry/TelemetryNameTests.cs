using RegistryProxy.Gateway.Telemetry;
using RegistryProxy.ServiceDefaults.Telemetry;

namespace RegistryProxy.Tests.Telemetry;

/// <summary>How metrics and traces name what is done.</summary>
public sealed class TelemetryNameTests
{
    [Theory]
    [InlineData("GET", "/v2/", "base", "other")]
    [InlineData("GET", "/v2/a/manifests/v1", "manifest", "pull")]
    [InlineData("HEAD", "/v2/manifests/blobs/tags/manifests/v1", "manifest", "pull")]
    [InlineData("PUT", "/v2/a/b/manifests/v1", "manifest", "push")]
    [InlineData("DELETE", "/v2/a/b/manifests/v1", "manifest", "delete")]
    [InlineData("GET", "/v2/a/blobs/sha256:00", "blob", "pull")]
    [InlineData("POST", "/v2/a/blobs/uploads/", "upload", "push")]
    [InlineData("PATCH", "/v2/a/blobs/uploads/x", "upload", "push")]
    [InlineData("GET", "/v2/a/tags/list", "tags", "list")]
    [InlineData("GET", "/v2/a/referrers/sha256:00", "referrers", "list")]
    [InlineData("GET", "/v2/_catalog", "catalog", "list")]
    [InlineData("GET", "/page/v2/a/manifests/v1", "manifest", "pull")]
    [InlineData("GET", "/page/me", "other", "other")]
    [InlineData("POST", "/token", "token", "token")]
    [InlineData("GET", "/token/nonce", "token", "token")]
    [InlineData("GET", "/login/callback", "login", "other")]
    [InlineData("BREW", "/v2//", "other", "other")]
    [InlineData("GET", "/v2", "other", "other")]
    [InlineData("GET", "", "other", "other")]
    public void A_request_is_told_by_its_line(string method, string path, string resource, string name) =>
        Assert.Equal(new ServedOperation(resource, name), ServedOperation.Of(method, path));

    [Theory]
    [InlineData("RegistryProxy.Grains.Interfaces.ISessionGrain/Decide", "grain SessionGrain/Decide")]
    [InlineData("ILoginGrain/LogIn", "grain LoginGrain/LogIn")]
    [InlineData("Ingress/Report", "grain Ingress/Report")]
    [InlineData("orleans.activate", null)]
    [InlineData("/x", null)]
    public void A_call_of_a_grain_is_named_by_the_grain_and_the_method(string called, string? name) =>
        Assert.Equal(name, SpanNames.NameOf(called));

    [Fact]
    public void A_method_that_is_none_is_no_part_of_a_name() =>
        Assert.Equal("HTTP base", RequestSpan.NameOf("ZQX", ServedOperation.Of("ZQX", "/v2/")));
}
