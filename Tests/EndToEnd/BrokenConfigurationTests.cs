using System.Text.RegularExpressions;
using RegistryProxy.Tests.Support.Processes;
using RegistryProxy.Tests.Support.Servers;

namespace RegistryProxy.Tests.EndToEnd;

/// <summary>A configuration file with errors is seen wherever operators look, until it is mended.</summary>
public sealed class BrokenConfigurationTests
{
    [Fact]
    public async Task It_is_on_the_page_in_the_probe_and_a_metric_until_one_line_says_that_it_is_mended()
    {
        var good = DoorConfiguration.Single("http://127.0.0.1:9");
        await using var door = await FrontDoor.Start(good);
        Assert.Contains("\"errors\":0", await door.Readiness());
        Assert.DoesNotContain("brokenSince", await door.Readiness());
        Assert.Equal(0, await door.Metric("registryproxy_configuration_errors"));
        door.WriteConfig(good.Replace("upstream: local", "upstream: locale"));
        await Eventually.True(async () => await door.Metric("registryproxy_configuration_errors") == 1, "the metric says so");
        var probe = await door.Readiness();
        Assert.Contains("\"ready\":true", probe);
        Assert.Contains("\"brokenSince\":\"20", probe);
        Assert.Matches(new Regex("""errorsAt":\["config\.yaml:\d+"\]"""), probe);
        Assert.DoesNotContain("acme", probe);
        Assert.DoesNotContain("there is no upstream", probe);
        var page = await door.Admin("/admin/overview");
        Assert.Matches(new Regex(@"config\.yaml:\d+: tenants\.acme\.routes\[0\]\.upstream: there is no upstream \\u0027locale\\u0027"),
            page);
        door.WriteConfig(good);
        await Eventually.True(async () => await door.Metric("registryproxy_configuration_errors") == 0,
            "the metric says that it is mended");
        await Eventually.True(() => door.Log.Contains("The configuration file has no errors any more; version "), "so does the log");
        Assert.Single(Regex.Matches(door.Log, "has no errors any more"));
        Assert.DoesNotContain("brokenSince", await door.Readiness());
        Assert.DoesNotContain("there is no upstream", await door.Admin("/admin/overview"));
    }
}
