using RegistryProxy.Egress;
using RegistryProxy.Protocol;

namespace RegistryProxy.Tests.Egress;

/// <summary>What needs no proxy, as configurations and environments say it.</summary>
public sealed class NoProxyListTests
{
    [Theory]
    [InlineData("corp", "corp registry.corp REGISTRY.Corp. a.b.corp", "notcorp corp.example")]
    [InlineData(".corp", "registry.corp a.b.corp", "corp notcorp")]
    [InlineData("*.corp", "registry.corp", "corp xcorp")]
    [InlineData("registry.corp:8443", "registry.corp:8443", "registry.corp registry.corp:443")]
    [InlineData("*.corp:8443", "a.corp:8443", "a.corp corp:8443")]
    [InlineData("10.0.0.0/8", "10.1.2.3 ::ffff:10.1.2.3", "11.1.2.3 ten.corp")]
    [InlineData("fd00::/8", "fd12::1", "fe80::1 10.0.0.1")]
    [InlineData("192.0.2.1", "192.0.2.1", "192.0.2.10 192.0.2.1.corp")]
    [InlineData("192.0.2.1:5000", "192.0.2.1:5000", "192.0.2.1")]
    [InlineData("::1", "::1", "::2")]
    [InlineData("[fd00::1]:5000", "fd00::1|5000", "fd00::1|443")]
    [InlineData("*", "anything 192.0.2.1 ::1", "")]
    public void Targets_on_the_list(string entry, string on, string off)
    {
        var list = NoProxyList.Of([entry]);
        Assert.True(NoProxyList.IsEntry(entry));
        Assert.All(on.Split(' ', StringSplitOptions.RemoveEmptyEntries), target => Assert.True(Has(list, target), target));
        Assert.All(off.Split(' ', StringSplitOptions.RemoveEmptyEntries), target => Assert.False(Has(list, target), target));
    }

    [Theory]
    [InlineData("")]
    [InlineData("a b")]
    [InlineData("*corp")]
    [InlineData("a.*.corp")]
    [InlineData("http://registry.corp")]
    [InlineData("10.0.0.0/40")]
    [InlineData("registry.corp:0")]
    [InlineData("registry.corp:http")]
    [InlineData(".")]
    public void No_entries(string text) => Assert.False(NoProxyList.IsEntry(text));

    [Fact]
    public void The_environment_names_a_proxy_in_capitals_or_small_letters_and_problems_hold_no_password()
    {
        var read = Read(("HTTPS_PROXY", "http://me:p%40ss@proxy.corp:3128"), ("NO_PROXY", "localhost, *.corp,10.0.0.0/8"),
            ("https_proxy", "http://other:1"));
        Assert.Equal(("proxy.corp:3128", "me", "p@ss"), (read.Settings!.Name, read.Settings.Username, read.Settings.Password!.Reveal()));
        Assert.True(read.Settings.Except.Has("a.corp", 443));
        Assert.Equal("proxy.corp:3128", Read(("https_proxy", "proxy.corp:3128")).Settings!.Name);
        Assert.Equal(EnvironmentProxy.Read(_ => null), Read(("HTTP_PROXY", "http://proxy.corp"), ("HTTPS_PROXY", "")));
        Assert.DoesNotContain("canary", Read(("HTTPS_PROXY", "socks5://me:canary@proxy.corp")).Problem);
    }

    private static EnvironmentProxy Read(params (string Name, string Value)[] variables) =>
        EnvironmentProxy.Read(name => variables.FirstOrDefault(variable => variable.Name == name).Value);

    private static bool Has(NoProxyList list, string target)
    {
        var at = target.Contains('|') ? target.IndexOf('|') : target.Count(character => character == ':') == 1 ? target.IndexOf(':') : -1;
        return at < 0 ? list.Has(target, 443) : list.Has(target[..at], int.Parse(target[(at + 1)..]));
    }
}
