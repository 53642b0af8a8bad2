using System.Diagnostics.Metrics;
using System.Net;
using System.Reflection;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using RegistryProxy.Gateway.Cluster;
using RegistryProxy.Gateway.Tenants;
using RegistryProxy.Gateway.Upstreams.Accounts;
using RegistryProxy.Gateway.Upstreams.Transport;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Tests.Support.Servers;

namespace RegistryProxy.Tests.Upstreams;

/// <summary>What this gateway refuses for an upstream is known not to have been sent, so nothing waits for its end.</summary>
public sealed class UnsentWriteTests : IDisposable
{
    private static readonly UpstreamToken Token = new()
    {
        Generation = 1, RefreshAfter = DateTimeOffset.MaxValue, Expires = DateTimeOffset.MaxValue
    };
    private static readonly UpstreamSnapshot Configured = new() { Name = "local", Url = new Uri("http://upstream.example") };
    private static readonly Upstream Upstream = new(Configured, []);

    private readonly FakeTimeProvider _time = new(DateTimeOffset.UtcNow);
    private readonly ServiceProvider _services = new ServiceCollection().AddMetrics().BuildServiceProvider();
    private readonly Answering _upstream = new();
    private readonly HttpMessageInvoker _account;
    private readonly UpstreamAccounts _accounts;

    public UnsentWriteTests()
    {
        var cluster = ClusterLab.Client(DispatchProxy.Create<IGrainFactory, SilentProxy>(), new Relays(_time), _time);
        _accounts = new UpstreamAccounts(
            cluster, _services.GetRequiredService<IMeterFactory>(), _time, NullLogger<UpstreamAccounts>.Instance);
        _account = new HttpMessageInvoker(new AccountHandler(_accounts, _time, new CountingHandler(_accounts, _time, _upstream)));
    }

    public void Dispose()
    {
        _account.Dispose();
        _services.Dispose();
    }

    [Fact]
    public async Task Nothing_is_kept_of_upstreams_that_are_not_in_the_configuration_any_more()
    {
        await Write();
        var account = _accounts.For(Upstream);
        Assert.Equal("local", Assert.Single(_accounts.Traffic()).Upstream);
        _accounts.Keep([Configured]);
        Assert.Same(account, _accounts.For(Upstream));
        _accounts.Keep([]);
        Assert.Empty(_accounts.Traffic());
        Assert.NotSame(account, _accounts.For(Upstream));
    }

    [Fact]
    public async Task A_write_to_an_upstream_that_is_left_alone_is_not_sent()
    {
        Assert.Equal((HttpStatusCode.OK, true), await Write());
        _upstream.Status = HttpStatusCode.BadGateway;
        for (var i = 0; i < 20; i++)
        {
            await Send(HttpMethod.Get, CallKind.Pull, $"repository:a/{i % 2}:pull");
        }

        _upstream.Status = HttpStatusCode.OK;
        Assert.Equal((HttpStatusCode.ServiceUnavailable, false), await Write());
    }

    [Fact]
    public async Task A_write_that_an_upstream_throttled_was_sent_and_the_next_is_not()
    {
        _upstream.Status = HttpStatusCode.TooManyRequests;
        Assert.Equal((HttpStatusCode.TooManyRequests, true), await Write());
        Assert.Equal((HttpStatusCode.TooManyRequests, false), await Write());
    }

    [Fact]
    public async Task A_write_whose_client_leaves_while_it_waits_was_not_sent()
    {
        (_upstream.Status, _upstream.RetryAfter) = (HttpStatusCode.TooManyRequests, TimeSpan.FromSeconds(3));
        await Write();
        using var client = new CancellationTokenSource();
        var (call, waiting) = Begin(HttpMethod.Put, CallKind.Write, "repository:a/b:push", client.Token);
        await client.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
        Assert.False(call.IsSent);
    }

    [Fact]
    public async Task An_answer_that_does_not_come_in_time_is_counted_as_a_failure_and_one_that_nobody_waits_for_is_not()
    {
        _upstream.IsSilent = true;
        using var client = new CancellationTokenSource();
        var (_, left) = Begin(HttpMethod.Get, CallKind.Pull, "repository:a/b:pull", client.Token);
        await client.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => left);
        var (_, late) = Begin(HttpMethod.Get, CallKind.Pull, "repository:a/b:pull", TestContext.Current.CancellationToken);
        _time.Advance(StallWatch.Alone + TimeSpan.FromSeconds(1));
        await Assert.ThrowsAsync<TimeoutException>(() => late);
        var traffic = Assert.Single(_accounts.Traffic());
        Assert.Equal((2, 1), (traffic.Requests, traffic.Failures));
        Assert.True(traffic.Seconds >= StallWatch.Alone.TotalSeconds, $"{traffic.Seconds} s");
    }

    private Task<(HttpStatusCode Status, bool IsSent)> Write() => Send(HttpMethod.Put, CallKind.Write, "repository:a/b:push");

    private async Task<(HttpStatusCode Status, bool IsSent)> Send(HttpMethod method, CallKind kind, string scope)
    {
        var (call, answering) = Begin(method, kind, scope, TestContext.Current.CancellationToken);
        using var answer = await answering;
        return (answer.StatusCode, call.IsSent);
    }

    private (UpstreamCall Call, Task<HttpResponseMessage> Answer) Begin(
        HttpMethod method, CallKind kind, string scope, CancellationToken cancellation)
    {
        var request = new HttpRequestMessage(method, "http://upstream.example/v2/a/b/manifests/v1");
        var call = new UpstreamCall(Upstream, new UpstreamTokenKey("local", scope), Token, false, false, kind, default);
        call.AttachTo(request);
        return (call, _account.SendAsync(request, cancellation));
    }

    private sealed class Answering : HttpMessageHandler
    {
        public HttpStatusCode Status { get; set; } = HttpStatusCode.OK;

        public TimeSpan RetryAfter { get; set; } = TimeSpan.FromSeconds(30);

        public bool IsSilent { get; set; }

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            if (IsSilent)
            {
                await Task.Delay(Timeout.Infinite, cancellationToken);
            }

            var answer = new HttpResponseMessage(Status) { RequestMessage = request };
            answer.Headers.RetryAfter = Status == HttpStatusCode.TooManyRequests ? new(RetryAfter) : null;
            return answer;
        }
    }

    /// <summary>A cluster that takes every message and says nothing.</summary>
#pragma warning disable CA1852 // DispatchProxy derives from it.
    internal class SilentProxy : DispatchProxy
#pragma warning restore CA1852
    {
        protected override object? Invoke(MethodInfo? targetMethod, object?[]? args) => targetMethod!.ReturnType switch
        {
            { IsInterface: true } grain => Create(grain, typeof(SilentProxy)),
            { IsValueType: true } answer => Activator.CreateInstance(answer),
            _ => Task.CompletedTask,
        };
    }
}
