using RegistryProxy.NodeAgent.Installation.Plans;
using RegistryProxy.NodeAgent.Installation.Records;

namespace RegistryProxy.NodeAgent.Installation.Applying;

/// <summary>The end of a change, whichever way it went.</summary>
internal sealed class CleanUp(Node node, bool services)
{
    /// <summary>Removes what nothing needs any more; the record goes last.</summary>
    /// <param name="record">What the node is like now.</param>
    /// <param name="other">Where the agent listened before, or was to; <c>null</c> for nowhere.</param>
    /// <param name="failed">Whether the change was taken back.</param>
    public async Task Run(NodeRecord record, string? other, bool failed = false)
    {
        if (failed)
        {
            node.Store.TryWrite(record);
        }
        else
        {
            node.Store.Write(record);
        }

        var unit = record.Places.Any(place => place.Path == AgentUnit.File && place.Edits.Count == 0);
        node.Files.RemoveUnit(record);
        if (services && unit)
        {
            try
            {
                await node.Services.StopAgent();
            }
            catch (IOException fault) when (failed)
            {
                node.Output.WriteLine($"note: {fault.Message}");
            }
        }

        node.Files.RemoveUnneeded(record);
        RemoveTraces(record, other);

        node.Files.RemoveFolders(record);
        if (record.Targets.Count == 0)
        {
            node.Store.DeleteAll(keepFailures: failed);
        }
        else
        {
            node.Store.Write(Rest(record));
            node.Store.DeleteNotes(keepFailures: failed);
        }
    }

    private void RemoveTraces(NodeRecord record, string? other)
    {
        if (other is not null && other != record.Listen)
        {
            node.Files.RemoveSockets(other);
        }

        if (record.Targets.Count == 0)
        {
            node.Files.RemoveTraces(record);
        }
    }

    private static NodeRecord Rest(NodeRecord record)
    {
        var unneeded = record.Unneeded().ToList();
        return record with
        {
            IsChanging = false, KubeletHasRead = false, KubeletIsStopped = false, KubeletWasDown = false,
            Former = null,
            Places = [.. record.Places.Where(place => place.Edits.Count > 0)],
            Programs = [.. record.Programs.Except(unneeded)], Links = [.. record.Links.Except(unneeded)],
        };
    }
}
