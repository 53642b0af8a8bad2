using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Time.Testing;
using Orleans.Configuration;
using RegistryProxy.ServiceDefaults.Listening;
using RegistryProxy.Silo.Clustering;
using RegistryProxy.Tests.Support.Processes;

namespace RegistryProxy.Tests.Listening;

/// <summary>A preamble that is right buys a connection to a silo some minutes, not for ever; members that talk keep theirs.</summary>
public sealed class SilentMemberTests
{
    private readonly FakeTimeProvider _time = new();
    private int _connections;

    [Fact]
    public async Task Connections_that_say_nothing_behind_their_preamble_end()
    {
        var (siloPort, gatewayPort, preamble) = (FreePort.Next(), FreePort.Next(), await Preamble());
        using var silo = Silo(siloPort, gatewayPort);
        await silo.StartAsync();
        using var client = Client(gatewayPort);
        await client.StartAsync();
        var management = client.Services.GetRequiredService<IGrainFactory>().GetGrain<IManagementGrain>(0);
        Assert.Single(await management.GetHosts());
        using var silent = await Send(gatewayPort, preamble);
        using var halfway = await Send(gatewayPort, [.. preamble, 40, 0, 0, 0, 9]);
        await Answers(silent);
        await Answers(halfway);
        var connections = Volatile.Read(ref _connections);

        // When the silo has said and read the last of each nobody sees, so their time passes more than once; who has something to say
        // stays.
        var ended = Task.WhenAll(Ends(silent), Ends(halfway));
        while (!ended.IsCompleted)
        {
            _time.Advance(Silence.MaxTime / 2);
            Assert.Single(await management.GetHosts());
            await Task.WhenAny(ended, Task.Delay(100));
        }

        await ended;
        Assert.Single(await management.GetHosts());
        Assert.Equal(connections, Volatile.Read(ref _connections));

        using var mute = await Send(siloPort, preamble[..5]);
        ended = Ends(mute);
        while (!ended.IsCompleted)
        {
            _time.Advance(Openings.MaxTime);
            await Task.WhenAny(ended, Task.Delay(100));
        }

        await ended;
        await client.StopAsync();
        await silo.StopAsync();
    }

    /// <summary>What a client says first.</summary>
    private static async Task<byte[]> Preamble()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        using var client = Client(((IPEndPoint)listener.LocalEndpoint).Port);
        using var stop = new CancellationTokenSource();
        var starting = client.StartAsync(stop.Token);
        using var connection = await listener.AcceptTcpClientAsync();
        var head = new byte[4];
        await connection.GetStream().ReadExactlyAsync(head);
        var body = new byte[BitConverter.ToInt32(head)];
        await connection.GetStream().ReadExactlyAsync(body);
        await stop.CancelAsync();
        connection.Close();
        await starting.ContinueWith(static _ => { }, TaskScheduler.Default);
        return [.. head, .. body];
    }

    private IHost Silo(int siloPort, int gatewayPort)
    {
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.UseOrleans(silo =>
        {
            silo.UseLocalhostClustering(siloPort, gatewayPort);
            silo.Configure<SiloConnectionOptions>(options => MemberConnections.Begin(options, _time));
            silo.Configure<SiloConnectionOptions>(MemberConnections.AwaitPreamble);
            silo.Configure<SiloConnectionOptions>(
                options => options.ConfigureGatewayInboundConnection(built => built.Use(next => connection =>
            {
                Interlocked.Increment(ref _connections);
                return next(connection);
            })));
        });
        return builder.Build();
    }

    private static IHost Client(int port)
    {
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.UseOrleansClient(client => client.UseLocalhostClustering(port));
        return builder.Build();
    }

    private static async Task<TcpClient> Send(int port, byte[] bytes)
    {
        var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, port);
        await client.GetStream().WriteAsync(bytes);
        return client;
    }

    /// <summary>The silo has taken the preamble, and says its own.</summary>
    private static async Task Answers(TcpClient client)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        Assert.True(await client.GetStream().ReadAsync(new byte[4096], limit.Token) > 0);
    }

    private static async Task Ends(TcpClient client)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(180));
        try
        {
            while (await client.GetStream().ReadAsync(new byte[4096], limit.Token) > 0)
            {
                // The rest of what it had to say.
            }
        }
        catch (IOException)
        {
            // A reset is an end, too.
        }
    }
}
