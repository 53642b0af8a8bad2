using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Text;
using Orleans.Storage;
using RegistryProxy.Files;
using RegistryProxy.Grains.Storage;

namespace RegistryProxy.Silo.Storage;

/// <summary>
/// One file for each state. A write is on the disk before it counts, and replaces the file as a whole. Names of files are hashes; whose
/// state it is stands in the file, encrypted, for whoever encrypts it anew.
/// </summary>
internal sealed class FileRecordStore(
    StateFolder folder, StateCipher cipher, TimeProvider time, int maxBytes = StoredRecord.MaxBytes) : IRecordStore
{
    /// <summary>So much of a file is looked at to tell whether it is another one, in bytes.</summary>
    private const int HeadLength = 256;

    /// <summary>Writers of one file wait for each other; those of others rarely do.</summary>
    private readonly Lock[] _gates = [.. Enumerable.Range(0, 64).Select(_ => new Lock())];

    public int MaxBytes => maxBytes;

    /// <summary>The name of the file of a state.</summary>
    public static string NameOf(StateOwner owner) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{owner.Service}\n{owner.State}\n{owner.Grain}")));

    public Task<StoredRecord?> Read(StateOwner owner) => Run(NameOf(owner), path =>
        Stored(path) is { } file ? new StoredRecord(path, owner, file.Content, file.ETag, file.KeepUntil) { Damage = file.Damage } : null);

    public Task<string?> Mark(StateOwner owner) => Run(NameOf(owner), path => folder.IsFree(path) ? null : HeadOf(path));

    public Task<string> Write(StateOwner owner, byte[] content, DateTimeOffset? keepUntil, string? etag)
    {
        var name = NameOf(owner);
        return Run(name, path =>
        {
            RefuseOutdated(path, etag);
            var next = new FileRecord(FileRecord.NewTag(), keepUntil, Sealed(FileLabel.Of(owner, keepUntil), name), content);
            StateFolder.Replace(path, next.ToBytes());
            return next.ETag;
        });
    }

    public Task Remove(StateOwner owner, string? etag) => Run(NameOf(owner), path =>
    {
        RefuseOutdated(path, etag);
        StateFolder.Delete(path);
        return true;
    });

    public async IAsyncEnumerable<StoredRecord> All([EnumeratorCancellation] CancellationToken cancellation)
    {
        foreach (var path in folder.Files())
        {
            cancellation.ThrowIfCancellationRequested();
            var name = Path.GetFileName(path);
            if (await Run(name, _ => Swept(path)) is { } file)
            {
                yield return new StoredRecord(
                    path, LabelOf(name, file)?.Owner, file.Content, file.ETag, file.KeepUntil) { Damage = file.Damage };
            }
        }
    }

    /// <summary>A file of a version that knew no end goes when it was not written for as long: see <see cref="Swept"/>.</summary>
    public Task End(StoredRecord record, DateTimeOffset end) => Task.CompletedTask;

    public Task<bool> TryBeginSweep(TimeSpan life) => Task.FromResult(true);

    public Task Reseal(StoredRecord record, byte[] content) => Run(Path.GetFileName(record.Place), path =>
    {
        if (Stored(path) is { Name: not null, Damage: null } file && file.ETag == record.ETag && record.Owner is { } owner)
        {
            var name = Sealed(FileLabel.Of(owner, file.KeepUntil), Path.GetFileName(path));
            StateFolder.Replace(path, (file with { Name = name, Content = content }).ToBytes());
        }

        return true;
    });

    public Task Remove(StoredRecord record) => Run(Path.GetFileName(record.Place), path =>
    {
        if (Stored(path) is { Damage: null } file && file.ETag == record.ETag)
        {
            File.Delete(path);
        }

        return true;
    });

    /// <summary>A file that has not come to its end; what has, and what a crash left behind of a write, is removed.</summary>
    private FileRecord? Swept(string path)
    {
        if (Path.GetExtension(path) == StateFolder.Unfinished && !Directory.Exists(path))
        {
            File.Delete(path);
            return null;
        }

        var file = Stored(path);
        if (file is null || (file.Damage is null && IsForgotten(path, file)))
        {
            File.Delete(path);
            return null;
        }

        return file;
    }

    /// <summary>
    /// Whether a former version wrote it, and nobody has read it since: whoever reads a record writes it as this version does.
    /// </summary>
    private bool IsForgotten(string path, FileRecord file)
    {
        var (name, written) = (Path.GetFileName(path), new DateTimeOffset(File.GetLastWriteTimeUtc(path)));
        return file is { Name: null, KeepUntil: null } && time.GetUtcNow() - written > StateSweep.MaxFormerAge
            && !ClusterRecord.All.Any(known => NameOf(new StateOwner(folder.Service, known.Grain.ToString(), known.State)) == name);
    }

    /// <summary>What lies in the place of a record; <c>null</c> when nothing does, or its end has come.</summary>
    private FileRecord? Stored(string path)
    {
        if (folder.IsFree(path))
        {
            return null;
        }

        try
        {
            var file = FileRecord.Read(BoundedFile.Read(path, maxBytes + FileRecord.MaxHead));
            return file.KeepUntil <= time.GetUtcNow() ? Ended(Path.GetFileName(path), file) : file;
        }
        catch (IOException fault)
        {
            return FileRecord.Damaged(fault.Message);
        }
    }

    /// <summary>An end that was not written by us is none; under a key that is not here nobody can say.</summary>
    private FileRecord? Ended(string name, FileRecord file)
    {
        var opened = cipher.Open(file.Name, NameOwner(folder.Service, name));
        return opened.IsDiscarded
            || (opened.Plain is not null && LabelOf(name, file) is { } label
                && (label.End is null || label == FileLabel.Of(label.Owner, file.KeepUntil)))
            ? null
            : FileRecord.Damaged(
                $"its end is not the one that was written{(opened.Problem is { } problem ? $", or nobody can say: {problem}" : "")}");
    }

    private FileLabel? LabelOf(string name, FileRecord file) =>
        file.Name is { } sealedName && cipher.Open(sealedName, NameOwner(folder.Service, name)).Plain is { } plain
            ? FileLabel.Read(plain, folder.Service, name) : null;

    private byte[] Sealed(FileLabel label, string name) => cipher.Seal(label.ToBytes(), NameOwner(label.Owner.Service, name));

    private Task<T> Run<T>(string name, Func<string, T> work) => Task.Run(() =>
    {
        lock (_gates[Convert.ToInt32(name[..2], 16) % _gates.Length])
        {
            return work(folder.PathOf(name));
        }
    });

    private void RefuseOutdated(string path, string? known)
    {
        var stored = Stored(path);
        if (stored?.Damage is not null || stored?.ETag != known)
        {
            throw new InconsistentStateException(stored?.Damage ?? "the state was written by another activation", stored?.ETag, known);
        }
    }

    /// <summary>The version, and what was chosen at random when the name was sealed: with each content.</summary>
    private static string HeadOf(string path)
    {
        try
        {
            var (head, length) = BoundedFile.ReadHead(path, HeadLength);
            return $"{length} {Convert.ToHexStringLower(head)}";
        }
        catch (IOException fault)
        {
            return fault.Message;
        }
    }

    private static StateOwner NameOwner(string service, string file) => new(service, file, "name");
}
