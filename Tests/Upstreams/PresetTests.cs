using RegistryProxy.Configuration;
using RegistryProxy.Configuration.Reading;
using RegistryProxy.Configuration.Reading.Upstreams;
using RegistryProxy.Grains.Upstreams.TokenServices;

namespace RegistryProxy.Tests.Upstreams;

/// <summary>One line for a public registry, and what is known of the hosts of ECR.</summary>
public sealed class PresetTests
{
    [Theory]
    [InlineData("docker-hub", "https://registry-1.docker.io/", "library", "https://auth.docker.io/token")]
    [InlineData("ghcr", "https://ghcr.io/", null, "https://ghcr.io/token")]
    [InlineData("quay", "https://quay.io/", null, "https://quay.io/v2/auth")]
    [InlineData("gcr", "https://gcr.io/", null, "https://gcr.io/v2/token")]
    [InlineData("ecr-public", "https://public.ecr.aws/", null, "https://public.ecr.aws/token/")]
    [InlineData("registry.k8s.io", "https://registry.k8s.io/", null, "https://registry.k8s.io/token")]
    [InlineData("mcr", "https://mcr.microsoft.com/", null, "https://mcr.microsoft.com/token")]
    [InlineData("gitlab", "https://registry.gitlab.com/", null, "https://gitlab.com/jwt/auth")]
    public void A_preset_is_enough(string preset, string url, string? prefix, string realm)
    {
        var upstream = Read($"{{ preset: {preset} }}");
        Assert.Equal((url, prefix), (upstream.Url.AbsoluteUri, upstream.OfficialPrefix));
        Assert.NotNull(RealmPolicy.Check(upstream, realm));
        Assert.Null(RealmPolicy.Check(upstream, realm.Replace("https://", "https://evil.")));
        Assert.NotNull(RealmPolicy.Check(Read($"{{ url: \"{url}\" }}"), realm));
    }

    [Fact]
    public void Artifact_registry_takes_the_location_from_the_url() =>
        Assert.Equal("europe-docker.pkg.dev", Read("{ preset: artifact-registry, url: \"https://europe-docker.pkg.dev\" }").Url.Host);

    [Theory]
    [InlineData("123456789012.dkr.ecr.eu-west-1.amazonaws.com", "eu-west-1", "https://api.ecr.eu-west-1.amazonaws.com/")]
    [InlineData("123456789012.dkr.ecr-fips.us-gov-west-1.amazonaws.com", "us-gov-west-1", "https://ecr-fips.us-gov-west-1.amazonaws.com/")]
    [InlineData("123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn", "cn-north-1", "https://api.ecr.cn-north-1.amazonaws.com.cn/")]
    [InlineData("123456789012.dkr-ecr.eu-west-1.on.aws", "eu-west-1", "https://ecr.eu-west-1.api.aws/")]
    [InlineData("public.ecr.aws", "us-east-1", "https://api.ecr-public.us-east-1.amazonaws.com/")]
    public void The_host_of_a_registry_says_which_api_gives_its_tokens(string host, string region, string api)
    {
        var ecr = Assert.IsType<EcrCredentials>(Read($"{{ url: \"https://{host}\", credentials: {{ type: ecr }} }}").Credentials);
        Assert.Equal((region, api, host == "public.ecr.aws", host.Contains("fips")),
            (ecr.Region, ecr.Endpoint.AbsoluteUri, ecr.IsPublic, ecr.Fips));
    }

    [Theory]
    [InlineData("123456789012.dkr.ecr.eu-west-1.amazonaws.com.evil.example")]
    [InlineData("evil.example")]
    [InlineData("12345678901.dkr.ecr.eu-west-1.amazonaws.com")]
    [InlineData("123456789012.dkr.ecr.eu-west-1.evil.com")]
    public void A_host_that_looks_like_one_of_ecr_is_none(string host) => Assert.Null(EcrHost.Of(new Uri($"https://{host}")));

    private static UpstreamConfiguration Read(string upstream)
    {
        var result = ConfigurationFile.Parse(
            $"upstreams:\n  up: {upstream}\ntenants:\n  acme: {{ hosts: [\"*\"], routes: [{{ prefix: \"\", upstream: up }}] }}\n",
            "config.yaml");
        Assert.True(result.Snapshot is not null, string.Join('\n', result.Errors));
        return result.Snapshot.Configuration.Upstreams["up"];
    }
}
