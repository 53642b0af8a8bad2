using System.Globalization;
using System.IO.Enumeration;
using System.Text;
using System.Text.Json;
using Docker.DotNet.Models;
using RegistryProxy.NodeAgent.Images.Wire;
using RegistryProxy.NodeAgent.Names;

namespace RegistryProxy.NodeAgent.Images.Docker;

/// <summary>From the engine's images to those of the CRI.</summary>
internal sealed class DockerConversion(NameMap names, IReadOnlyList<string> pinned)
{
    private const string None = "<none>";

    public Image Convert(ImagesListResponse image) => Convert(image.ID, image.RepoTags, image.RepoDigests, image.Size);

    /// <param name="image">The image.</param>
    /// <param name="size">Its size as lists tell it, in bytes.</param>
    public Image Convert(ImageInspectResponse image, long size)
    {
        var converted = Convert(image.ID, image.RepoTags, image.RepoDigests, size);
        var user = (image.Config?.User ?? "").Split(':')[0];
        if (long.TryParse(user, NumberStyles.None, CultureInfo.InvariantCulture, out var uid))
        {
            converted.Uid = new Int64Value { Value = uid };
        }
        else
        {
            converted.Username = user;
        }

        return converted;
    }

    /// <summary>What a verbose status tells, as JSON.</summary>
    public static string Info(ImageInspectResponse image)
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream))
        {
            json.WriteStartObject();
            json.WriteStartObject("labels");
            foreach (var (name, value) in image.Config?.Labels ?? new Dictionary<string, string>())
            {
                json.WriteString(name, value);
            }

            json.WriteEndObject();
            json.WriteStartObject("imageSpec");
            json.WriteString("created", image.Created ?? DateTime.UnixEpoch);
            json.WriteString("author", image.Author ?? "");
            json.WriteString("architecture", image.Architecture ?? "");
            json.WriteString("os", image.Os ?? "");
            json.WriteStartObject("config");
            json.WriteString("User", image.Config?.User ?? "");
            json.WriteString("WorkingDir", image.Config?.WorkingDir ?? "");
            WriteList(json, "Env", image.Config?.Env);
            WriteList(json, "Entrypoint", image.Config?.Entrypoint);
            WriteList(json, "Cmd", image.Config?.Cmd);
            json.WriteEndObject();
            json.WriteStartObject("rootfs");
            json.WriteString("type", image.RootFS?.Type ?? "layers");
            WriteList(json, "diff_ids", image.RootFS?.Layers);
            json.WriteEndObject();
            json.WriteEndObject();
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(stream.ToArray());
    }

    private static void WriteList(Utf8JsonWriter json, string name, IList<string>? values)
    {
        json.WriteStartArray(name);
        foreach (var value in values ?? [])
        {
            json.WriteStringValue(value);
        }

        json.WriteEndArray();
    }

    private Image Convert(string id, IList<string>? tags, IList<string>? digests, long size)
    {
        var image = new Image { Id = id, Size = (ulong)Math.Max(1, size) };
        var known = (tags ?? []).Concat(digests ?? []).ToLookup(name => name.Contains('@', StringComparison.Ordinal));
        image.RepoTags.Add(WithAskedNames(known[false]));
        image.RepoDigests.Add(WithAskedNames(known[true]));
        image.Pinned = image.RepoTags.Concat(image.RepoDigests).Any(IsPinned);
        return image;
    }

    /// <summary>
    /// By the name as docker writes it, which is short for Docker Hub, or by the whole of it. A digest stands for any tag: which one it was
    /// pulled by is not known.
    /// </summary>
    private bool IsPinned(string name)
    {
        string[] names = ImageName.TryParse(name, out var whole)
            ? [name, whole.ToString(), $"{whole.Repository}:{whole.Digest ?? whole.Tag}", name.Replace('@', ':')]
            : [name];
        return pinned.Any(pattern => Array.Exists(
            names, one => FileSystemName.MatchesSimpleExpression(pattern, one, ignoreCase: false)));
    }

    private IEnumerable<string> WithAskedNames(IEnumerable<string> known) => known
        .Where(name => !name.Contains(None, StringComparison.Ordinal))
        .SelectMany(
            name => ImageName.TryParse(name, out var parsed) ? names.Back(parsed).Select(asked => asked.ToString()).Prepend(name) : [name])
        .Distinct();
}
