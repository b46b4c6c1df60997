// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title BookLife
/// @notice The life of an energy book: settled at most once, void only when nobody settled.
/// @dev For the model checker: every public function is a step anybody may take in any order, with any arguments.
contract BookLife {
    uint256 private constant SETTLEABLE = 200;
    uint256 private constant FALLBACK = 300;
    uint256 private constant VOID = 400;

    uint256 private _now;
    bool private _sealed;
    bool private _settled;
    bool private _voided;
    uint256 private _settlements;

    function pass(uint8 time) external {
        _now += time;
    }

    function commit() external {
        require(!_sealed && _now < SETTLEABLE);
        _sealed = true;
    }

    function settle() external {
        require(!_settled && !_voided && _now < VOID);
        require(_now >= FALLBACK || (_sealed && _now >= SETTLEABLE));
        _settled = true;
        _settlements += 1;
    }

    function void() external {
        require(!_settled && !_voided && _now >= VOID);
        _voided = true;
    }

    /// @notice At most one settlement, and none beside a void; nothing before its time.
    function checkOnce() external view {
        assert(_settlements <= 1);
        if (_voided) assert(_settlements == 0 && _now >= VOID);
        if (_settled) assert(_now >= SETTLEABLE);
    }
}

/// @title BookLifeRefuted
/// @notice A book that may be voided after it was settled: the checker must show both.
contract BookLifeRefuted {
    bool private _settled;
    bool private _voided;

    function settle() external {
        require(!_voided);
        _settled = true;
    }

    function void() external {
        _voided = true;
    }

    function checkOnce() external view {
        if (_voided) assert(!_settled);
    }
}

/// @title LargeBookLife
/// @notice The life of a book settled in several transactions: everything collected is given back, once, and a book is
/// either proven before the void deadline or void after it.
/// @dev Parts are counted, not looked at: each holds some escrow. Steps as in `LargeBooks`.
contract LargeBookLife {
    uint256 private constant VOID = 400;

    enum Stage {
        None,
        Collecting,
        Counting,
        Serving,
        Voiding,
        Closed
    }

    uint256 private _now;
    Stage private _stage;
    uint256 private _parts;
    uint256 private _served;
    uint256 private _provenAt;

    function pass(uint8 time) external {
        _now += time;
    }

    function open() external {
        require(_stage == Stage.None && _now < VOID);
        _stage = Stage.Collecting;
    }

    function collect(bool last) external {
        require(_stage == Stage.Collecting && _now < VOID && _parts < 1000);
        _parts += 1;
        if (last) _stage = Stage.Counting;
    }

    function prove() external {
        require(_stage == Stage.Counting && _now < VOID);
        _stage = Stage.Serving;
        _provenAt = _now;
    }

    function abandon() external {
        require((_stage == Stage.Collecting || _stage == Stage.Counting) && _now >= VOID);
        _stage = _parts == 0 ? Stage.Closed : Stage.Voiding;
    }

    function serve() external {
        require((_stage == Stage.Serving || _stage == Stage.Voiding) && _served < _parts);
        _served += 1;
        if (_served == _parts) _stage = Stage.Closed;
    }

    /// @notice Nothing is given back twice, nothing before prices are proven or the book is void, and all when it closes.
    function checkEscrow() external view {
        assert(_served <= _parts);
        if (_stage == Stage.None || _stage == Stage.Collecting || _stage == Stage.Counting) assert(_served == 0);
        if (_stage == Stage.Closed) assert(_served == _parts);
        if (_stage == Stage.Serving) assert(_provenAt < VOID);
        if (_stage == Stage.Voiding) assert(_now >= VOID);
    }
}

/// @title LargeBookLifeRefuted
/// @notice Abandoning a book whose prices are proven would give the served parts back a second time: the checker must show it.
contract LargeBookLifeRefuted {
    uint256 private _parts;
    uint256 private _served;

    function collect() external {
        require(_parts < 1000 && _served == 0);
        _parts += 1;
    }

    function serve() external {
        require(_served < 2 * _parts);
        _served += 1;
    }

    function checkEscrow() external view {
        assert(_served <= _parts);
    }
}
