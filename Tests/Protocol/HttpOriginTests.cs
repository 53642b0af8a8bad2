using RegistryProxy.Configuration;
using RegistryProxy.Gateway.Tenants;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Grains.Upstreams.Accounts;
using RegistryProxy.Grains.Upstreams.Credentials;
using RegistryProxy.Protocol;

namespace RegistryProxy.Tests.Protocol;

/// <summary>One server is one server, however its address is written.</summary>
public sealed class HttpOriginTests
{
    [Theory]
    [InlineData("https://bücher.example", "xn--bcher-kva.example")]
    [InlineData("https://BÜCHER.example:443/", "xn--bcher-kva.example")]
    [InlineData("https://xn--bcher-kva.example/path?query", "xn--bcher-kva.example")]
    [InlineData("https://Registry.Example:443", "registry.example")]
    [InlineData("https://registry.example:5000", "registry.example:5000")]
    [InlineData("http://registry.example:80", "registry.example")]
    [InlineData("http://registry.example:443", "registry.example:443")]
    [InlineData("https://[::1]:5000", "[::1]:5000")]
    [InlineData("https://[0:0:0:0:0:0:0:1]", "[::1]")]
    public void It_is_written_in_one_way(string address, string authority)
    {
        var origin = HttpOrigin.Of(new Uri(address));
        Assert.Equal(authority, origin.Authority);
        Assert.Equal($"{origin.Scheme}://{authority}", origin.Serialized);
        Assert.Equal(origin, HttpOrigin.Of(new Uri(origin.Serialized)));
        Assert.Equal(origin.GetHashCode(), HttpOrigin.Of(new Uri(origin.Serialized)).GetHashCode());
        Assert.True(origin.IsNamed(authority));
    }

    [Theory]
    [InlineData("https://bücher.example", "xn--bcher-kva.example", true)]
    [InlineData("https://bücher.example", "BÜCHER.example:443", true)]
    [InlineData("https://bücher.example", "xn--bcher-kva.example:80", false)]
    [InlineData("http://bücher.example", "xn--bcher-kva.example:80", true)]
    [InlineData("https://a.example", "a.example.", false)]
    [InlineData("https://a.example", "b.example", false)]
    [InlineData("https://a.example", "u@a.example", false)]
    [InlineData("https://a.example", "a.example/path", false)]
    [InlineData("https://a.example", "a.example?q", false)]
    [InlineData("https://a.example", "a.example#f", false)]
    [InlineData("https://a.example", "", false)]
    [InlineData("https://a.example", ":443", false)]
    [InlineData("https://a.example", "a.example:99999", false)]
    public void Who_names_it_is_understood(string address, string named, bool isIt) =>
        Assert.Equal(isIt, HttpOrigin.Of(new Uri(address)).IsNamed(named));

    [Fact]
    public void Letters_that_no_name_has_name_nobody_and_are_no_fault()
    {
        var random = new Random(1);
        var names = Enumerable.Range(1, 70).SelectMany(length => Enumerable.Range(0, 20).Select(_ =>
            new string([.. Enumerable.Range(0, length).Select(_ => (char)random.Next(0x4e00, 0x9fff))])));
        string[] odd = ["\u0378", "a\u200d", "\u05d0a", "\ud800", "\u0300a", "xn--", "xn--a", new('a', 100_000), new('\u4e00', 100_000)];
        var origin = HttpOrigin.Of(new Uri("https://a.example"));
        foreach (var name in names.Concat(odd).Select(name => $"{name}.example"))
        {
            Assert.False(origin.IsNamed(name));
            if (Uri.TryCreate($"https://{name}", UriKind.Absolute, out var address))
            {
                Assert.False(origin.Owns(address));
                Assert.True(!HttpOrigin.TryGet(address, out var other) || System.Text.Ascii.IsValid(other.Host));
            }
        }
    }

    /// <summary>What is kept of a server by its name: its rate budget, turns at its lists, its entry of a file.</summary>
    [Fact]
    public void Whatever_is_kept_of_a_server_is_kept_once()
    {
        Uri[] spellings = [new("https://bücher.example"), new("https://xn--bcher-kva.example:443"), new("https://Bücher.Example/")];
        Assert.Single(spellings.Select(url => UpstreamAccountName.Of(new UpstreamConfiguration { Name = "up", Url = url })).Distinct());
        Assert.Single(spellings.Select(url => new Upstream(new UpstreamSnapshot { Name = "up", Url = url }, []).Address).Distinct());
        Assert.Equal(["xn--bcher-kva.example"], spellings.Select(DockerConfig.ServerOf).Distinct());
    }
}
