// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title OrderStates
/// @notice One slot of WorkOrders, order after order: its states, its steps, and when its money moves.
/// @dev For the model checker: every public function is a step anybody may take in any order, with any arguments. States are
/// numbered as in `OrderState`: 0 none, 2 assigned, 3 accepted, 4 on site, 5 working, 6 on hold, 7 verifying, 8 restored,
/// 9 disputed, 10 closed, 11 self-cleared. 1, open, never outlives a transaction.
contract OrderStates {
    uint8 private _state;
    /// @dev Of the present order: whether its readings have proven a claim, and whether its money has moved.
    bool private _proven;
    bool private _settled;
    bool private _twice;

    function _settle() private {
        if (_settled) _twice = true;
        _settled = true;
    }

    function _open() private {
        (_state, _proven, _settled) = (2, false, false);
    }

    function open() external {
        require(_state == 0 || _state == 8 || _state >= 10);
        if (_state == 8) _settle();
        _open();
    }

    function accept() external {
        require(_state == 2);
        _state = 3;
    }

    function arrive() external {
        require(_state == 2 || _state == 3);
        _state = 4;
    }

    function start() external {
        require(_state == 4);
        _state = 5;
    }

    function hold() external {
        require(_state == 5);
        _state = 6;
    }

    function resume() external {
        require(_state == 6);
        _state = 5;
    }

    function claim() external {
        require(_state == 4 || _state == 5);
        _state = 7;
    }

    function prove() external {
        require(_state == 7);
        _state = 8;
        _proven = true;
    }

    function fail() external {
        require(_state == 7);
        _state = 5;
    }

    /// @dev Until the last level the next one is assigned; at the last the state stays.
    function escalate() external {
        require(_state == 2 || _state == 3 || _state == 4 || _state == 5);
        _state = 2;
    }

    function selfClear() external {
        require(_state >= 2 && _state <= 4);
        _settle();
        _state = 11;
    }

    function dispute() external {
        require(_state == 8);
        _state = 9;
    }

    function rule(bool upheld) external {
        require(_state == 9);
        _settle();
        if (upheld) _open();
        else _state = 10;
    }

    function settle() external {
        require(_state == 8);
        _settle();
        _state = 10;
    }

    /// @notice 02: restored, disputed and closed come after a proof only, everything before it without one.
    function checkProof() external view {
        assert(_proven == (_state >= 8 && _state <= 10));
    }

    /// @notice 01, 02: the money of an order moves when it has ended, never before, never twice.
    function checkMoney() external view {
        assert(_settled == (_state >= 10));
        assert(!_twice);
    }
}

/// @title OrderStatesRefuted
/// @notice A next order that opens over a restored one without settling it first.
contract OrderStatesRefuted {
    uint8 private _state;
    uint8 private _owed;

    function open() external {
        require(_state != 2);
        if (_state == 8) _owed = 1;
        _state = 2;
    }

    function prove() external {
        require(_state == 2);
        _state = 8;
    }

    function settle() external {
        require(_state == 8);
        _state = 10;
    }

    function checkMoney() external view {
        assert(_owed == 0);
    }
}

/// @title OrderLevels
/// @notice Escalation within one order, order after order.
contract OrderLevels {
    uint8 private constant LAST = 5;

    bool private _live;
    uint8 private _level;
    uint8 private _highest;

    function open(bool onDuty) external {
        require(!_live);
        _live = true;
        _level = onDuty ? 1 : 2;
        _highest = _level;
    }

    /// @dev The member on duty declines: another one, or the lead.
    function decline(bool onDuty) external {
        require(_live && _level == 1);
        if (!onDuty) _level = 2;
        if (_level > _highest) _highest = _level;
    }

    function escalate() external {
        require(_live && _level < LAST);
        _level += 1;
        if (_level > _highest) _highest = _level;
    }

    function end() external {
        _live = false;
    }

    /// @notice 07: the level of an order is the highest it ever had, and at most the last.
    function checkLevels() external view {
        assert(_level == _highest);
        assert(_level <= LAST);
    }
}

/// @title OrderLevelsRefuted
/// @notice Handing an order on sets its level by who is on duty, instead of raising it.
contract OrderLevelsRefuted {
    bool private _live;
    uint8 private _level;
    uint8 private _highest;

    function open(bool onDuty) external {
        require(!_live);
        _live = true;
        _level = onDuty ? 1 : 2;
        _highest = _level;
    }

    function escalate(bool onDuty) external {
        require(_live);
        _level = onDuty ? 1 : 2;
        if (_level > _highest) _highest = _level;
    }

    function checkLevels() external view {
        assert(_level == _highest);
    }
}
