using System.IO.Pipelines;
using System.Net;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http.Features;

namespace RegistryProxy.ServiceDefaults.Listening;

/// <summary>A connection of HTTP/2 as its second endpoint has it: what that says of it does not change what the first has said.</summary>
internal sealed class PassedConnection(ConnectionContext connection) : ConnectionContext
{
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Done when the second endpoint has done with it.</summary>
    public Task Ended => _ended.Task;

    public override string ConnectionId { get; set; } = connection.ConnectionId;

    public override IFeatureCollection Features { get; } = new FeatureCollection(connection.Features);

    public override IDictionary<object, object?> Items { get; set; } = connection.Items;

    public override IDuplexPipe Transport { get; set; } = FrameWatch.Of(connection);

    public override CancellationToken ConnectionClosed { get; set; } = connection.ConnectionClosed;

    public override EndPoint? LocalEndPoint { get; set; } = connection.LocalEndPoint;

    public override EndPoint? RemoteEndPoint { get; set; } = connection.RemoteEndPoint;

    public override void Abort(ConnectionAbortedException abortReason) => connection.Abort(abortReason);

    public override ValueTask DisposeAsync()
    {
        _ended.TrySetResult();
        return base.DisposeAsync();
    }
}
