using System.Diagnostics.Metrics;
using System.Reflection;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using RegistryProxy.Configuration;
using RegistryProxy.Configuration.Reading;
using RegistryProxy.Grains.Robots;
using RegistryProxy.Grains.SiloCalls;
using RegistryProxy.Protocol;
using RegistryProxy.ServiceDefaults.Audit;
using RegistryProxy.ServiceDefaults.Listening;
using RegistryProxy.ServiceDefaults.Requests;
using RegistryProxy.Silo.Admin;
using RegistryProxy.Tests.Support.Processes;
using RegistryProxy.Tests.Support.Servers;

namespace RegistryProxy.Tests.Listening;

/// <summary>What operators ask about robots, however it is sent and whatever becomes of it.</summary>
public sealed class RobotEndpointsTests : IDisposable
{
    private static readonly RobotSummary Ci = new(
        "ci", [RepositoryPattern.Parse("apps/**")], RepositoryActions.Pull, DateTimeOffset.UnixEpoch, "operator", DateTimeOffset.MaxValue,
        [new RobotSecretSummary("00", DateTimeOffset.UnixEpoch, null, null)]);

    private readonly TemporaryFolder _folder = new();
    private readonly ServiceProvider _services = new ServiceCollection().AddMetrics().AddLogging()
        .AddSingleton(new WholeBodies(new ClientAddress([]), TimeProvider.System)).BuildServiceProvider();
    private readonly List<(string Method, object?[] Arguments)> _asked = [];
    private readonly AuditLog _audit;
    private readonly RobotEndpoints _endpoints;
    private Func<RobotReply> _reply = () => new RobotReply(RobotOutcome.Done, "", Ci);

    public RobotEndpointsTests()
    {
        var result = ConfigurationFile.Read(_folder.Write("config.yaml", """
            audit: { file: audit.log }
            upstreams: { up: { url: "https://registry.example" } }
            tenants: { acme: { hosts: ["*"], routes: [{ prefix: "", upstream: up }] } }
            """));
        Assert.True(result.Snapshot is not null, string.Join('\n', result.Errors));
        var feed = new FixedConfiguration(result.Snapshot);
        _audit = new AuditLog(feed, _services.GetRequiredService<IMeterFactory>(), TimeProvider.System,
            NullLogger<AuditLog>.Instance);
        var relay = DispatchProxy.Create<IRobotRelayGrain, ScriptedSessions.Proxy>();
        ((ScriptedSessions.Proxy)(object)relay).Answer = Answer;
        var grains = DispatchProxy.Create<IGrainFactory, ScriptedSessions.Proxy>();
        ((ScriptedSessions.Proxy)(object)grains).Answer = (_, arguments) =>
        {
            _asked.Add(("of", arguments));
            return relay;
        };
        _endpoints = new RobotEndpoints(new ClientAddress([]), new RobotAdministration(grains, new ProcessPass(), TimeProvider.System),
            feed, _audit, TimeProvider.System);
    }

    public void Dispose()
    {
        _audit.Dispose();
        _services.Dispose();
        _folder.Dispose();
    }

    [Theory]
    [InlineData("""{"expires":"180d"}""", true)]
    [InlineData("", false)]
    public async Task A_body_counts_whether_its_length_was_told_or_not(string body, bool isSaid)
    {
        Assert.Equal(200, await Ask(_endpoints.Rotate, "?tenant=acme&name=ci", body));
        Assert.Equal(isSaid, Asked(nameof(IRobotRelayGrain.Rotate))[2] is DateTimeOffset);
    }

    [Fact]
    public async Task A_change_whose_client_is_gone_is_made_and_audited()
    {
        using var gone = new CancellationTokenSource();
        await gone.CancelAsync();
        await Ask(_endpoints.EndSecret, "?tenant=acme&name=ci", null, gone.Token);
        Assert.False(((CancellationToken)Asked(nameof(IRobotRelayGrain.EndSecret))[^1]!).IsCancellationRequested);
        Assert.Contains("\"event\":\"robot-secret-end\"", await Audited());
    }

    [Fact]
    public async Task A_change_that_may_have_been_made_and_an_end_that_was_there_already_are_audited()
    {
        _reply = () => throw new TimeoutException();
        await Assert.ThrowsAsync<TimeoutException>(() => Ask(_endpoints.Revoke, "?tenant=acme&name=ci"));
        _reply = () => new RobotReply(RobotOutcome.Unknown, "there is no robot 'ci'");
        Assert.Equal(404, await Ask(_endpoints.Revoke, "?tenant=acme&name=ci"));
        var lines = (await Audited()).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(2, lines.Length);
        Assert.All(lines, line => Assert.Contains("\"event\":\"robot-revoke\"", line));
        Assert.Contains("outcome unknown", lines[0]);
        Assert.Contains("it was not there any more", lines[1]);
    }

    [Fact]
    public async Task Two_tenants_or_names_in_one_request_are_refused_and_a_body_may_say_them()
    {
        Assert.Equal(400, await Ask(_endpoints.Rotate, "?tenant=acme", """{"tenant":"other","name":"ci"}"""));
        Assert.Equal(400, await Ask(_endpoints.Rotate, "?tenant=acme&name=ci", """{"name":"cd"}"""));
        Assert.Equal(400, await Ask(_endpoints.Revoke, "?tenant=acme", """{"name":1}"""));
        Assert.Equal(400, await Ask(_endpoints.Revoke, "?tenant=acme"));
        Assert.Empty(_asked);
        Assert.Equal(200, await Ask(_endpoints.Revoke, "", """{"tenant":"acme","name":"ci"}"""));
        Assert.Equal("ci", Asked(nameof(IRobotRelayGrain.Revoke))[1]);
    }

    [Fact]
    public async Task Robots_of_a_tenant_that_is_gone_can_be_seen_and_ended_and_nothing_else()
    {
        Assert.Equal(200, await Ask(_endpoints.List, "?tenant=gone"));
        Assert.Equal(200, await Ask(_endpoints.Revoke, "?tenant=gone&name=ci"));
        Assert.Equal("ci", Asked(nameof(IRobotRelayGrain.Revoke))[1]);
        Assert.Equal(404, await Ask(_endpoints.Rotate, "?tenant=gone&name=ci"));
        Assert.Equal(404, await Ask(_endpoints.Revoke, "?tenant=never&name=ci"));
    }

    private object Answer(string method, object?[] arguments)
    {
        var tenant = (string)_asked.FindLast(asked => asked.Method == "of").Arguments[0]!;
        _asked.Add((method, arguments));
        return method == nameof(IRobotRelayGrain.List)
            ? new ValueTask<IReadOnlyList<RobotSummary>>(tenant == "never" ? [] : [Ci])
            : new ValueTask<RobotReply>(_reply());
    }

    private object?[] Asked(string method) => _asked.Single(asked => asked.Method == method).Arguments;

    private async Task<int> Ask(
        Func<HttpContext, Task> endpoint, string query, string? body = null, CancellationToken aborted = default)
    {
        var context = new DefaultHttpContext { RequestServices = _services, RequestAborted = aborted };
        context.Request.QueryString = new QueryString(query);
        context.Request.RouteValues["secret"] = "00";
        context.Request.Body = new MemoryStream(Encoding.UTF8.GetBytes(body ?? ""));
        context.Response.Body = new MemoryStream();
        try
        {
            await endpoint(context);
        }
        catch (OperationCanceledException) when (aborted.IsCancellationRequested)
        {
        }

        return context.Response.StatusCode;
    }

    private async Task<string> Audited()
    {
        await _audit.StartAsync(CancellationToken.None);
        await _audit.StoppedAsync(CancellationToken.None);
        return await File.ReadAllTextAsync(_folder.File("audit.log"));
    }
}
