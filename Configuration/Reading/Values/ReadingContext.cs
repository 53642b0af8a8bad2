using RegistryProxy.Files.Yaml;

namespace RegistryProxy.Configuration.Reading.Values;

/// <summary>What readers share: where relative paths begin, and what they may lead to. The only way to a path of a file.</summary>
internal sealed record ReadingContext(string Folder)
{
    /// <summary>What the part of a tenant may use; <c>null</c> for the operator, who may use everything.</summary>
    public TenantBounds? Bounds { get; init; }

    /// <summary>When the file is read: what expired before is told.</summary>
    public DateTimeOffset Now { get; } = TimeProvider.System.GetUtcNow();

    /// <summary>
    /// Whether files that the text names may be missing or of no use on this machine: it is another's text, which is good there, and what
    /// names the file goes without it here until it comes.
    /// </summary>
    public bool MayLackFiles { get; init; }

    private const string Sources = "must be one of { file: PATH }, { env: NAME } and { value: TEXT }";

    /// <summary>The name of what is read, in the whole configuration.</summary>
    public string NameOf(string name) => Bounds?.Own(name) ?? name;

    /// <summary>The absolute path of a file or folder that must be named.</summary>
    public string Absolute(Field field) =>
        Bounds is { } bounds ? bounds.Confine(field, Folder) : Path.GetFullPath(field.RequiredText(), Folder);

    /// <summary>
    /// What stands in the part itself in the place of a file, which only a managed part may say; <c>null</c>, maybe with an error, when
    /// nothing does.
    /// </summary>
    /// <param name="field">Where a file may be named.</param>
    /// <param name="key">The key of the text.</param>
    public string? Inline(Field field, string key)
    {
        if (Bounds is not { IsManaged: true } || !field.IsMap)
        {
            return null;
        }

        var map = field.Map()!;
        var text = map[key].RequiredText();
        map.RefuseOthers();
        return text;
    }

    /// <summary>
    /// The same for the part of a tenant. What administrators put must name what is there: nobody else is told of it.
    /// </summary>
    public ReadingContext Of(TenantBounds bounds) => this with { Bounds = bounds, MayLackFiles = MayLackFiles && !bounds.IsManaged };

    /// <summary>Says what is wrong with a file that the text names.</summary>
    public void FailFile(Field field, string message)
    {
        if (MayLackFiles)
        {
            field.Warn(message);
        }
        else
        {
            field.Fail(message);
        }
    }

    /// <summary>The absolute path of a file that must be there.</summary>
    public string ExistingFile(Field field)
    {
        var path = Absolute(field);
        if (field.IsPresent && !File.Exists(path))
        {
            FailFile(field, Directory.Exists(path) ? $"{path} is a folder, not a file" : $"there is no file {path}");
        }

        return path;
    }

    /// <summary>Says when a file cannot be written on this machine: a folder has its place, or there is no folder for it.</summary>
    public static void DoubtFile(Field field, string path)
    {
        if (Directory.Exists(path))
        {
            field.Warn($"{path} is a folder, not a file");
        }
        else if (Path.GetDirectoryName(path) is { } folder && !Directory.Exists(folder))
        {
            field.Warn($"there is no folder {folder} for it; it is made with the first line");
        }
    }

    /// <summary>A program: a path to one that is there, or a name that is looked up on <c>PATH</c> when it runs.</summary>
    public string Program(Field field) => field.RequiredText() is var program && program.Contains('/') ? ExistingFile(field) : program;

    /// <summary>A secret: exactly one of <c>file</c>, <c>env</c> and <c>value</c>.</summary>
    public SecretSource? Secret(Field field)
    {
        if (!field.IsPresent)
        {
            return null;
        }

        if (!field.IsMap)
        {
            field.Fail(Sources);
            return null;
        }

        var map = field.Map()!;
        var (file, environment, value) = (map["file"], map["env"], map["value"]);
        map.RefuseOthers();
        if (new[] { file, environment, value }.Count(source => source.IsPresent) != 1)
        {
            field.Fail(Sources);
            return null;
        }

        return Doubted(
            field,
            file.Text() is not null
                ? Absolute(file) is { Length: > 0 } path ? new FileSecret(path) : new InlineSecret(new Protocol.Secret(""))
            : environment.Text() is { } name ? new EnvironmentSecret(name)
            : new InlineSecret(new Protocol.Secret(value.Text() ?? "")));
    }

    /// <summary>A secret may come later than its file; that it is not there now is said.</summary>
    private static SecretSource Doubted(Field field, SecretSource secret)
    {
        try
        {
            if (secret.ReadBytes().Length == 0)
            {
                field.Warn("the secret is empty");
            }
        }
        catch (SecretUnavailableException fault)
        {
            field.Warn(fault.Message);
        }

        return secret;
    }

    public SecretSource RequiredSecret(Field field)
    {
        if (!field.IsPresent)
        {
            field.Fail("is required: { file: PATH }, { env: NAME } or { value: TEXT }");
        }

        return Secret(field) ?? new InlineSecret(new Protocol.Secret(""));
    }
}
