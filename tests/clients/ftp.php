<?php
// What php.py asks of PHP's ftp extension. Dies where something is not as it should be.
//
//   php ftp.php CHECK     in the local folder of the check, with FTP_… in the environment

set_error_handler(function ($level, $text, $file, $line) {
    throw new ErrorException($text, 0, $level, $file, $line);
});

const FOLDER = 'a folder with spaces';
define('NAME', getenv('FTP_NAME'));

function expect(bool $holds, string $what): void
{
    if (!$holds) {
        throw new Exception("does not hold: $what");
    }
}

function connected()
{
    $connect = getenv('FTP_TLS') === 'explicit' ? 'ftp_ssl_connect' : 'ftp_connect';
    $ftp = $connect(getenv('FTP_HOST'), (int) getenv('FTP_PORT'), 20);
    expect($ftp !== false, 'a connection');
    expect(ftp_login($ftp, getenv('FTP_USER'), getenv('FTP_PASSWORD')), 'a login');
    expect(ftp_pasv($ftp, getenv('FTP_DATA') === 'passive'), 'a data mode');
    expect(ftp_chdir($ftp, getenv('FTP_FOLDER')), 'the folder');
    return $ftp;
}

function half_of(string $name, string $into): int
{
    $half = intdiv(filesize($name), 2);
    file_put_contents($into, file_get_contents($name, false, null, 0, $half));
    return $half;
}

$checks = [
    'everyday' => function ($ftp) {
        expect(ftp_mkdir($ftp, FOLDER) === getenv('FTP_FOLDER') . '/' . FOLDER, 'mkdir');
        expect(ftp_chdir($ftp, FOLDER), 'chdir');
        $half = half_of(NAME, 'half');
        expect(ftp_put($ftp, NAME, 'half', FTP_BINARY), 'put');
        expect(ftp_put($ftp, NAME, NAME, FTP_BINARY, $half), 'put from there on');
        expect(ftp_size($ftp, NAME) === filesize(NAME), 'size');
        expect(ftp_mdtm($ftp, NAME) > time() - 600, 'mdtm');

        expect(ftp_get($ftp, 'half', NAME, FTP_BINARY, $half), 'get from there on');
        expect(file_get_contents('half') === file_get_contents(NAME), 'the same bytes');
        expect(ftp_rename($ftp, NAME, 'new name'), 'rename');
        expect(ftp_nlist($ftp, '.') === ['new name'], 'nlist');
        expect(ftp_chmod($ftp, 0600, 'new name') === 0600, 'chmod');

        expect(ftp_delete($ftp, 'new name'), 'delete');
        expect(ftp_cdup($ftp), 'cdup');
        expect(ftp_rmdir($ftp, FOLDER), 'rmdir');
    },

    'automatic' => function ($ftp) {
        half_of(NAME, 'half');
        expect(ftp_put($ftp, 'file', 'half', FTP_BINARY), 'put');
        expect(ftp_put($ftp, 'file', NAME, FTP_BINARY, FTP_AUTORESUME), 'put, resumed');
        expect(ftp_size($ftp, 'file') === filesize(NAME), 'size');
        expect(ftp_get($ftp, 'half', 'file', FTP_BINARY, FTP_AUTORESUME), 'get, resumed');
        expect(file_get_contents('half') === file_get_contents(NAME), 'the same bytes');
    },

    'lists' => function ($ftp) {
        foreach (['a', 'a/b', 'a/b/with space'] as $folder) {
            expect(ftp_mkdir($ftp, $folder) !== false, "mkdir $folder");
            expect(ftp_put($ftp, "$folder/file", NAME, FTP_BINARY), "put into $folder");
        }
        // The server leaves out the R of `LIST -R`, as vsftpd does unless told otherwise.
        foreach ([ftp_rawlist($ftp, 'a'), ftp_rawlist($ftp, 'a', true)] as $lines) {
            expect(count($lines) === 2, "two lines in:\n" . implode("\n", $lines));
            expect(preg_match('/^d.* b$/', $lines[0]) === 1, $lines[0]);
            $size = filesize(NAME);
            expect(preg_match("/^-(\S+\s+){4}$size .* file$/", $lines[1]) === 1, $lines[1]);
        }
        $names = ftp_nlist($ftp, 'a');
        sort($names);
        expect($names === ['a/b', 'a/file'], 'nlist: ' . implode(', ', $names));
        $rows = ftp_mlsd($ftp, 'a/b');
        $types = array_column($rows, 'type', 'name');
        expect($types['file'] === 'file' && $types['with space'] === 'dir', 'mlsd');
    },

    'missing' => function ($ftp) {
        $names = ftp_nlist($ftp, 'missing');
        expect($names === false || $names === [], 'no names');
        expect(ftp_size($ftp, 'missing') === -1, 'no size');
        expect(ftp_mdtm($ftp, 'missing') === -1, 'no time');
        try {
            ftp_chdir($ftp, 'missing');
            expect(false, 'no folder');
        } catch (ErrorException $refused) {
            expect(str_contains($refused->getMessage(), 'No such'), $refused->getMessage());
        }
        expect(ftp_put($ftp, 'there', NAME, FTP_BINARY), 'put afterwards');
    },

    'steps' => function ($ftp) {
        foreach (['ftp_nb_put' => ['file', NAME], 'ftp_nb_get' => ['back', 'file']] as $call => $names) {
            $state = $call($ftp, ...[...$names, FTP_BINARY]);
            while ($state === FTP_MOREDATA) {
                $state = ftp_nb_continue($ftp);
            }
            expect($state === FTP_FINISHED, $call);
        }
        expect(file_get_contents('back') === file_get_contents(NAME), 'the same bytes');
    },
];

$ftp = connected();
$checks[$argv[1]]($ftp);
expect(ftp_close($ftp), 'a close');
