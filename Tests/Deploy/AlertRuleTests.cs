using System.Text.RegularExpressions;
using RegistryProxy.Tests.Support.Kubernetes;
using RegistryProxy.Tests.Support.Processes;

namespace RegistryProxy.Tests.Deploy;

/// <summary>The alert rules, judged by Prometheus' own tool, and what operators are told to do about each.</summary>
public sealed partial class AlertRuleTests
{
    private static string File(string name) => Path.Combine(Manifests.Deploy, "grafana", name);

    [Fact]
    public async Task They_are_ones_that_prometheus_takes() =>
        (await Shell.Run("promtool", ["check", "rules", "--lint-fatal", File("alerts.yaml")])).ShouldSucceed();

    [Fact]
    public async Task Each_fires_when_it_should_and_not_when_it_should_not() =>
        (await Shell.Run("promtool", ["test", "rules", File("alerts.test.yaml")])).ShouldSucceed();

    [Fact]
    public void Each_has_a_row_for_operators_and_a_test_of_both()
    {
        var alerts = Alert().Matches(System.IO.File.ReadAllText(File("alerts.yaml"))).Select(match => match.Groups[1].Value).ToList();
        Assert.True(alerts.Count >= 17, string.Join(' ', alerts));
        var page = System.IO.File.ReadAllText(Path.Combine(Manifests.Deploy, "../docs/operations.md"));
        Assert.Equal(alerts.Order(), Row().Matches(page).Select(match => match.Groups[1].Value).Order());
        var tests = System.IO.File.ReadAllText(File("alerts.test.yaml"));
        Assert.All(alerts, alert =>
        {
            Assert.Matches($@"alertname: {alert}\n +exp_alerts:", tests);
            Assert.Matches($@"alert_rule_test: \[\{{ eval_time: 30m, alertname: {alert} \}}\]", tests);
        });
    }

    [GeneratedRegex(@"- alert: (\w+)")]
    private static partial Regex Alert();

    [GeneratedRegex(@"^\| (RegistryProxy\w+) \| ", RegexOptions.Multiline)]
    private static partial Regex Row();
}
