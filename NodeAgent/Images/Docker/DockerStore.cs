using System.Net.Sockets;
using System.Text.Json;
using Docker.DotNet;
using Grpc.Core;
using RegistryProxy.Background;
using RegistryProxy.NodeAgent.Settings;

namespace RegistryProxy.NodeAgent.Images.Docker;

/// <summary>The Docker Engine: waits a moment while it is not there, and says what it said when it fails.</summary>
internal sealed class DockerStore : IDisposable
{
    /// <summary>How long the engine has for one answer: as long as kubelet waits for this service (runtimeRequestTimeout).</summary>
    public static readonly TimeSpan MaxAnswerTime = TimeSpan.FromMinutes(2);

    private static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(200);

    private readonly DockerClient _client;
    private readonly string _socket;
    private readonly TimeProvider _time;

    public DockerStore(AgentSettings settings, TimeProvider time)
    {
        (_socket, _time) = (settings.Runtime.Socket, time);
        _client = new DockerClientBuilder().WithTimeout(Timeout.InfiniteTimeSpan).WithTransportOptions(
            new EngineTransport(), new EngineAddress(_socket)).Build();
    }

    /// <summary>Asks the engine, which has <see cref="MaxAnswerTime"/> for it.</summary>
    /// <exception cref="RpcException">Unavailable, when it is not there; deadline exceeded, when it does not answer.</exception>
    /// <exception cref="DockerApiException">It answered an error.</exception>
    public async Task<T> Query<T>(Func<IDockerClient, CancellationToken, Task<T>> question, CancellationToken cancellation)
    {
        using var timeout = new CancellationTokenSource(MaxAnswerTime, _time);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation, timeout.Token);
        try
        {
            return await Try(client => question(client, limit.Token), limit.Token);
        }
        catch (OperationCanceledException) when (timeout.IsCancellationRequested && !cancellation.IsCancellationRequested)
        {
            throw new RpcException(new Status(
                StatusCode.DeadlineExceeded,
                $"the Docker Engine at unix://{_socket} did not respond within {MaxAnswerTime.TotalMinutes:0} minutes"));
        }
    }

    /// <summary>Tells the engine to do something, as <see cref="Query"/> does.</summary>
    public Task Do(Func<IDockerClient, CancellationToken, Task> order, CancellationToken cancellation) => Query(
        async (client, limit) =>
        {
            await order(client, limit);
            return true;
        },
        cancellation);

    /// <summary>Follows what the engine does for as long as it goes on: whoever calls says when that is too long.</summary>
    public Task Follow(Func<IDockerClient, Task> order, CancellationToken cancellation) => Try(
        async client =>
        {
            await order(client);
            return true;
        },
        cancellation);

    /// <summary>What the engine said, without the wrapping of its client.</summary>
    public static string Words(DockerApiException fault)
    {
        try
        {
            using var json = JsonDocument.Parse(fault.ResponseBody ?? "");
            return json.RootElement.GetProperty("message").GetString() ?? fault.Message;
        }
        catch (Exception broken) when (broken is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            return fault.Message;
        }
    }

    public void Dispose() => _client.Dispose();

    private async Task<T> Try<T>(Func<IDockerClient, Task<T>> question, CancellationToken cancellation)
    {
        var end = _time.GetSteadyNow() + ConnectTimeout;
        while (true)
        {
            try
            {
                return await question(_client);
            }
            catch (Exception fault) when (IsAway(fault) && !cancellation.IsCancellationRequested)
            {
                if (_time.GetSteadyNow() >= end)
                {
                    throw new RpcException(new Status(StatusCode.Unavailable,
                        $"the Docker Engine at unix://{_socket} does not answer: {Innermost(fault).Message}"));
                }

                await Task.Delay(Pause, _time, cancellation);
            }
        }
    }

    /// <summary>The connection was not made, or was cut before an answer; an error that the engine answered is none of these.</summary>
    private static bool IsAway(Exception fault) => fault is HttpRequestException or IOException or SocketException or TimeoutException;

    private static Exception Innermost(Exception fault) => fault.InnerException is { } inner ? Innermost(inner) : fault;
}
