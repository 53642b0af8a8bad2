using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using RegistryProxy.Gateway.Telemetry;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.ServiceDefaults.Telemetry;

namespace RegistryProxy.Tests.Telemetry;

/// <summary>Metrics tell tenants from each other, and are bounded however many there are and whatever they do.</summary>
public sealed partial class SeriesBudgetTests
{
    private static readonly string[] Denials = ["rule", "scope", "token", "credentials", "login", "undecided", "upstream"];

    [Fact]
    public void All_metrics_of_all_hosts_together_keep_to_it()
    {
        var root = new DirectoryInfo(AppContext.BaseDirectory).Parent!.Parent!.Parent!.Parent!.FullName;
        var instruments = Directory.EnumerateFiles(root, "*.cs", SearchOption.AllDirectories)
            .Where(file => !new[] { "/obj/", "/Tests/", "/NodeAgent/", "SeriesBudget" }.Any(file.Contains))
            .SelectMany(file => Instrument().Matches(File.ReadAllText(file)))
            .Select(match => (match.Groups[1].Value, match.Groups[2].Value)).Distinct().ToList();
        var names = instruments.ConvertAll(one => one.Item2);
        Assert.True(names.Count >= 40, string.Join('\n', names));
        Assert.All(instruments.Where(one => one.Item1 == "Histogram"), one => Assert.True(SeriesBudget.HasBounds(one.Item2), one.Item2));
        var series = names.Sum(SeriesBudget.SeriesOf);
        Assert.True(series <= SeriesBudget.MaxSeries, $"{series}");
    }

    [Fact]
    public async Task A_thousand_tenants_that_pull_push_list_and_log_in_have_their_own_series_and_keep_them()
    {
        await using var host = await Host();
        var meter = host.Services.GetRequiredService<TenantMeter>();
        meter.Serve(1_000);
        for (var tenant = 0; tenant < 1_000; tenant++)
        {
            Serve(meter, $"t{tenant}", [200, 401], ["pull", "token", "push"], ["rule", "login"]);
            Serve(meter, $"t{tenant}", [200], ["list"], []);
            Serve(meter, $"t{tenant}", [304, 503], ["pull"], []);
            Serve(meter, $"t{tenant}", [401], ["other"], []);
            meter.Limited($"t{tenant}", "requests");
        }

        var series = await Series(host);
        Assert.InRange(series.Count, 15_000, SeriesBudget.MaxSeries);
        Assert.DoesNotContain(series, line => line.Contains("otel_metric_overflow"));
        Assert.Equal(1_000, series.Count(line => line.StartsWith("registryproxy_gateway_requests_total{", StringComparison.Ordinal)
            && line.Contains("operation=\"pull\"") && line.Contains("status=\"2xx\"")));
        Assert.Single(series, line => Regex.IsMatch(line, "^registryproxy_gateway_answers_total\\{[^}]*status=\"5xx\"[^}]*\\} 1000\\b"));
        Serve(meter, "t0", [200], ["pull"], []);
        Assert.Equal(series.Count, (await Series(host)).Count);
    }

    [Fact]
    public async Task What_a_hostile_tenant_does_takes_no_series_from_any_other_and_every_request_is_counted_for_its_own()
    {
        await using var host = await Host();
        var meter = host.Services.GetRequiredService<TenantMeter>();
        meter.Serve(1_000);
        Everything(meter, "hostile");
        for (var tenant = 1; tenant < 1_000; tenant++)
        {
            Everything(meter, $"t{tenant}");
        }

        Everything(meter, "hostile");
        var series = await Series(host);
        Assert.InRange(series.Count, 15_000, SeriesBudget.MaxSeries);
        Assert.DoesNotContain(series, line => line.Contains("otel_metric_overflow"));
        foreach (var (metric, labels) in new[]
        {
            ("requests_total", "operation=\"pull\",status=\"2xx\""), ("requests_total", "operation=\"pull\",status=\"3xx\""),
            ("requests_total", "operation=\"pull\",status=\"4xx\""), ("requests_total", "operation=\"pull\",status=\"5xx\""),
            ("requests_total", "operation=\"push\",status=\"2xx\""), ("requests_total", "operation=\"token\",status=\"2xx\""),
            ("requests_total", "operation=\"any\",status=\"any\""), ("denied_total", "reason=\"rule\""),
            ("denied_total", "reason=\"any\""), ("limited_total", "limit=\"any\""), ("tenant_duration_seconds_count", ""), ("sent_bytes_total", ""),
        })
        {
            Assert.Equal(1_000, series.Count(line => line.StartsWith($"registryproxy_gateway_{metric}{{", StringComparison.Ordinal)
                && labels.Split(',').All(line.Contains)));
        }

        Assert.Equal(36, Sum(series, "requests_total", "t7"));
        Assert.Equal(72, Sum(series, "requests_total", "hostile"));
        Assert.Equal(Denials.Length, Sum(series, "denied_total", "t7"));
        Assert.Equal(3, Sum(series, "limited_total", "t7"));
    }

    [Fact]
    public async Task Ten_tenants_have_every_series_that_there_is()
    {
        await using var host = await Host();
        var meter = host.Services.GetRequiredService<TenantMeter>();
        meter.Serve(10);
        for (var tenant = 0; tenant < 10; tenant++)
        {
            Everything(meter, $"t{tenant}");
        }

        var series = await Series(host);
        Assert.DoesNotContain(series, line => line.Contains("\"any\""));
        Assert.Equal(10 * 36, series.Count(line => line.StartsWith("registryproxy_gateway_requests_total{", StringComparison.Ordinal)));
    }

    private static void Everything(TenantMeter meter, string tenant)
    {
        Serve(meter, tenant, [101, 200, 307, 404, 503, 999], ["pull", "push", "delete", "list", "token", "other"], Denials);
        foreach (var limit in new[] { "identity", "requests", "streams" })
        {
            meter.Limited(tenant, limit);
        }
    }

    private static double Sum(List<string> series, string metric, string tenant) => series
        .Where(line => line.StartsWith($"registryproxy_gateway_{metric}{{", StringComparison.Ordinal)
            && line.Contains($"tenant=\"{tenant}\""))
        .Sum(line => double.Parse(line.Split(' ')[1], System.Globalization.CultureInfo.InvariantCulture));

    [Fact]
    public async Task Three_thousand_that_do_everything_are_bounded_and_what_is_too_many_is_counted_together()
    {
        await using var host = await Host();
        var meter = host.Services.GetRequiredService<TenantMeter>();
        meter.Serve(3_000);
        for (var tenant = 0; tenant < 3_000; tenant++)
        {
            Everything(meter, $"t{tenant}");
        }

        var series = await Series(host);
        Assert.InRange(series.Count, 15_000, SeriesBudget.MaxSeries);
        Assert.Contains(series, line => line.StartsWith("registryproxy_gateway_requests_total{", StringComparison.Ordinal)
            && line.Contains("otel_metric_overflow=\"true\""));
    }

    private static void Serve(TenantMeter meter, string tenant, int[] statuses, string[] operations, string[] denials)
    {
        foreach (var operation in operations)
        {
            foreach (var status in statuses)
            {
                meter.Answered(tenant, new ServedOperation("manifest", operation), status, meter.Begin());
            }
        }

        meter.Moved(tenant, 10, 20);
        meter.LoggedIn(tenant, new LoginResult { Status = LoginStatus.Granted, Judge = "staff" }, isLimited: false);
        foreach (var reason in denials)
        {
            meter.Denied(tenant, reason);
        }
    }

    /// <summary>Serves its metrics as every host does.</summary>
    private static async Task<WebApplication> Host()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.AddTelemetry();
        builder.Services.AddSingleton(TimeProvider.System);
        builder.Services.AddSingleton<TenantMeter>();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        app.UseOpenTelemetryPrometheusScrapingEndpoint("/metrics");
        await app.StartAsync(TestContext.Current.CancellationToken);
        return app;
    }

    private static async Task<List<string>> Series(WebApplication host)
    {
        using var http = new HttpClient();
        var text = await http.GetStringAsync($"{host.Urls.Single()}/metrics", TestContext.Current.CancellationToken);
        return
        [
            .. text.Split('\n').Where(line => line.StartsWith("registryproxy_", StringComparison.Ordinal)

                // Its meter is of the process, where other tests have faults.
                && !line.StartsWith("registryproxy_background_", StringComparison.Ordinal)),
        ];
    }

    [GeneratedRegex("Create(?:Observable)?(Counter|Gauge|Histogram|UpDownCounter)(?:<[a-z]+>)?\\(\\s*\"(registryproxy\\.[a-z_.]+)\"")]
    private static partial Regex Instrument();
}
