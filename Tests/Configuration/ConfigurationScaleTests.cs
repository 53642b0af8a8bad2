using System.Diagnostics;
using RegistryProxy.Configuration.Reading;
using RegistryProxy.Tests.Support.Running;

namespace RegistryProxy.Tests.Configuration;

/// <summary>A file of the largest size is read in time, whatever it is full of.</summary>
[Campaign]
public sealed class ConfigurationScaleTests
{
    private const string Start = """
        upstreams: { u: { url: "http://127.0.0.1:9", allowPrivate: true } }
        authenticators: { pods: { type: kubernetes, issuer: "https://k8s.example.com", audience: door } }
        tenants:

        """;

    private const string Tenant = "  acme:\n    hosts: [\"*\"]\n    authenticators: [pods]\n";
    private const string Route = "    routes: [ { prefix: \"\", upstream: u } ]\n";

    [Theory]
    [InlineData("", "  t{0}: {{ hosts: [h{0}], routes: [ {{ prefix: \"\", upstream: u }} ] }}\n")]
    [InlineData(Tenant + "    routes:\n", "      - {{ prefix: p{0}, upstream: u }}\n")]
    [InlineData(Tenant + "    routes:\n", "      - {{ prefix: p{0}, upstream: x{0} }}\n")]
    [InlineData(Tenant + Route + "    access:\n",
        "      - {{ name: r{0}, who: [\"group:g{0}\"], repositories: [a{0}], actions: [pull] }}\n")]
    [InlineData(Tenant + Route + "    access:\n",
        "      - {{ name: r, who: [\"group:none/g{0}\"], repositories: [a{0}], actions: [read] }}\n")]
    [InlineData(Tenant + Route + "    namespaces:\n", "      n{0}.example: \"x\"\n")]
    [InlineData(Tenant + "    routes:\n      - prefix: \"\"\n        upstream:\n", "          - u{0}\n")]
    public void A_mebibyte_of_one_kind_is_read_in_linear_time(string start, string line)
    {
        var (small, large) = (Time(start, line, 60_000), Time(start, line, 960_000));
        for (var more = 0; more < 5 && large > TimeSpan.FromSeconds(1) && large > small * 100; more++)
        {
            // A machine may be busy for longer than that.
            large = Time(start, line, 960_000);
        }

        Assert.True(large < TimeSpan.FromSeconds(1) || large < small * 100, $"{small} and, for sixteen times as much, {large}");
    }

    private static TimeSpan Time(string start, string line, int length)
    {
        var format = System.Text.CompositeFormat.Parse(line);
        var text = new System.Text.StringBuilder(Start + start);
        for (var i = 0; text.Length < length; i++)
        {
            text.AppendFormat(System.Globalization.CultureInfo.InvariantCulture, format, i);
        }

        // The shortest of three: on a busy machine one may have waited for a processor.
        return Enumerable.Range(0, 3).Min(_ =>
        {
            var began = Stopwatch.GetTimestamp();
            ConfigurationFile.Parse(text.ToString(), "/large.yaml");
            return Stopwatch.GetElapsedTime(began);
        });
    }
}
